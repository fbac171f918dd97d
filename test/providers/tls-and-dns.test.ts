/**
 * Certificates that do not vouch for the host and names that cannot be looked up, with each vendor's calls:
 * nothing is sent, nothing is paid, and the sentence names the host.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import dns from 'node:dns'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import tls from 'node:tls'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { send } from '../support/send-call.ts'

const folder = mkdtempSync(join(tmpdir(), 'stockyard-certificates-'))
after(() => rmSync(folder, { recursive: true }))
const pathOf = (name: string) => join(folder, name)
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const skip = hasOpenssl ? false : 'openssl is not installed'

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder })
  assert.equal(status, 0, String(stderr))
}

const NEW_KEY = 'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')
const CONFIG = `
[ca]
default_ca = own
[own]
database = ${pathOf('index.txt')}
serial = ${pathOf('serial')}
new_certs_dir = ${folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`

/** Makes an authority that this process trusts. */
function makeAuthority(): void {
  writeFileSync(pathOf('ca.cnf'), CONFIG)
  writeFileSync(pathOf('index.txt'), '')
  writeFileSync(pathOf('serial'), '01')
  const files = ['-keyout', 'ca.key', '-out', 'ca.pem']
  openssl(...NEW_KEY, '-x509', '-subj', '/CN=Stockyard test authority', '-days', '2', ...files)
  const trusted = tls.getCACertificates()
  tls.setDefaultCACertificates([...trusted, readFileSync(pathOf('ca.pem'), 'utf8')])
  after(() => tls.setDefaultCACertificates(trusted))
}

/** A certificate of the authority for a host, good between two instants such as `20200101000000Z`. */
function makeCertificate(name: string, host: string, from: string, until: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${host}`]
  openssl(...NEW_KEY, ...subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
  const dates = ['-startdate', from, '-enddate', until]
  const files = [
    '-cert',
    'ca.pem',
    '-keyfile',
    'ca.key',
    '-in',
    `${name}.csr`,
    '-out',
    `${name}.pem`,
  ]
  openssl('ca', '-batch', '-config', 'ca.cnf', ...dates, ...files)
}

async function serve(name: string): Promise<{ url: string; calls: () => number }> {
  let calls = 0
  const [key, cert] = [readFileSync(pathOf(`${name}.key`)), readFileSync(pathOf(`${name}.pem`))]
  const server = createServer({ key, cert }, (_request, response) => {
    calls += 1
    response.end('{}')
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}`, calls: () => calls }
}

const [PAST, YEAR_AGO, AHEAD] = ['20200101000000Z', '20210101000000Z', '20990101000000Z']

describe('a certificate', { skip }, () => {
  const made = (async () => {
    makeAuthority()
    makeCertificate('good', 'IP:127.0.0.1', PAST, AHEAD)
    makeCertificate('expired', 'IP:127.0.0.1', PAST, YEAR_AGO)
    makeCertificate('not-yet', 'IP:127.0.0.1', '20980101000000Z', AHEAD)
    makeCertificate('other-host', 'DNS:stockyard.invalid', PAST, AHEAD)
    const files = ['-keyout', 'self-signed.key', '-out', 'self-signed.pem']
    openssl(...NEW_KEY, '-x509', '-subj', '/CN=127.0.0.1', '-days', '2', ...files)
  })()

  for (const [name, words] of [
    ['expired', /certificate has expired \(CERT_HAS_EXPIRED\)/],
    ['not-yet', /certificate is not yet valid \(CERT_NOT_YET_VALID\)/],
    ['other-host', /\(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ['self-signed', /\(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ] as const) {
    it(`that is ${name} is refused by every vendor's calls before anything is sent`, async (t) => {
      await made
      const { url, calls } = await serve(name)
      for (const { id } of PROVIDERS) {
        const { error, paid, refunded } = await send(t, url, { provider: id, retries: 2 })
        assert.deepEqual(
          [error?.code, error?.kind, error?.retry],
          ['PROVIDER_TLS', 'provider', false],
        )
        assert.ok(
          error!.message.startsWith(`The connection to ${id} (${url.slice(8)}/`),
          error!.message,
        )
        assert.match(error!.message, words)
        assert.deepEqual([paid, refunded, calls()], [1, 1, 0])
      }
    })
  }

  it('that the authority vouches for is taken', async (t) => {
    await made
    const { url } = await serve('good')
    for (const { id } of PROVIDERS) {
      const { error, status } = await send(t, url, { provider: id })
      assert.deepEqual([error, status], [undefined, 200])
    }
  })
})

type Answered = (error: NodeJS.ErrnoException | null, addresses?: dns.LookupAddress[]) => void

const failWith = (code: string) => (host: string, _options: unknown, done: Answered) =>
  done(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code }))

describe('a host name', () => {
  for (const [name, code, words] of [
    ['that does not exist', 'ENOTFOUND', 'the host name is unknown'],
    ['whose server fails', 'EAI_AGAIN', 'the host name could not be looked up'],
  ] as const) {
    it(`${name} costs nothing, is named, and is tried again`, async (t) => {
      t.mock.method(dns, 'lookup', failWith(code))
      for (const { id } of PROVIDERS) {
        const sent = await send(t, 'https://vendor.example', { provider: id, retries: 1 })
        assert.equal(sent.error?.code, 'PROVIDER_UNREACHABLE')
        assert.equal(
          sent.error?.message,
          `${id} (vendor.example/query) cannot be reached: ${words}.`,
        )
        assert.deepEqual([sent.paid, sent.refunded, sent.sleeps.length], [2, 2, 1])
      }
    })
  }

  it('that is looked up for ever ends with the deadline, and is named', async (t) => {
    t.mock.method(dns, 'lookup', () => {})
    for (const { id } of PROVIDERS) {
      const { error } = await send(t, 'https://vendor.example', { provider: id, deadlineMs: 60 })
      assert.match(error!.code, /^PROVIDER_(?:TIMEOUT|UNREACHABLE)$/)
      assert.match(error!.message, new RegExp(`^${id} \\(vendor\\.example/query\\) `))
    }
  })
})
