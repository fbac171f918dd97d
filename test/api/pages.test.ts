/** The web pages in a real browser, under the content security policy. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import chromium from '@sparticuz/chromium'
import { chromium as launcher, type Browser, type Page } from 'playwright-core'
import { serve, type Server } from '../../src/api/serve.ts'
import { createKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
await pool.query('UPDATE stockyard.store_kind SET simulated = true')
const HOSTILE = '<img src=x onerror=alert(1)>'
await addInstrument(pool, { symbol: 'EVIL', name: HOSTILE })
await pool.query(`UPDATE stockyard.instruments SET name = $1 WHERE name = 'Apple Inc.'`, [HOSTILE])

let server: Server
let browser: Browser
before(async () => {
  server = await serve(contextOf(pool), { host: '127.0.0.1', port: 0 })
  browser = await launcher.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox'],
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

/** Opens a page and collects what a browser complains about, and every host that is asked. */
async function open(path: string, width = 1280): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`))
  page.on('requestfailed', (request) => complaints.push(`failed ${request.url()}`))
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(server.url) && !/^(data|blob):/.test(url)) complaints.push(`left to ${url}`)
  })
  await page.goto(server.url + path)
  return { page, complaints }
}

describe('the first page', () => {
  it('shows what is stored, marked as simulated, and runs no text of the store', async () => {
    const { page, complaints } = await open('/')
    await page.getByText('What is stored').waitFor({ state: 'visible' })
    const rows = page.locator('#symbols tr')
    assert.equal(await rows.count(), 2)
    assert.match((await rows.first().textContent())!, /^AAPL<img src=x onerror=alert\(1\)>136\.90/)
    assert.equal(await page.locator('#symbols img').count(), 0)
    assert.equal(await page.locator('#simulated').isVisible(), true)
    assert.equal(await page.title(), 'Stockyard (SIMULATED)')
    assert.match((await page.locator('#runs').textContent())!, /XOM: The vendor does not answer\./)
    await page.locator('#chart path.line').waitFor({ state: 'attached' })
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('shows another symbol when it is chosen', async () => {
    const { page, complaints } = await open('/')
    await page.getByRole('link', { name: 'MSFT' }).click()
    await page.locator('h1', { hasText: 'MSFT' }).waitFor()
    assert.equal(await page.locator('tr.selected a').textContent(), 'MSFT')
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('shows sessions without bars and dark series first, and nothing where there are none', async () => {
    const { page } = await open('/')
    await page.locator('#chart path.line').waitFor({ state: 'attached' })
    assert.equal(await page.locator('#attention').isVisible(), false)
    const alert = { message: `Nothing came of ${HOSTILE}.`, hint: 'stockyard market close' }
    const dark = {
      symbol: 'FB',
      interval: '1d',
      provider: 'yahoo',
      last: '2022-06-08',
      sessions: 12,
      tries: 5,
      hints: ['stockyard symbols rename FB META'],
    }
    await page.route('**/api/v1/etl/status', async (route) => {
      const response = await route.fetch()
      const status = (await response.json()) as object
      await route.fulfill({ response, json: { ...status, alerts: [alert], dark: [dark] } })
    })
    await page.reload()
    await page.locator('#attention').waitFor({ state: 'visible' })
    assert.deepEqual(await page.locator('#attention-list li').allTextContents(), [
      `no bars${alert.message}${alert.hint}`,
      `darkFB 1d from yahoo: no bar since 2022-06-08, asked 5 times in vain over 12 sessions${dark.hints[0]}`,
    ])
    assert.equal(await page.locator('#attention img').count(), 0)
    await page.close()
  })

  it('draws prices in today’s shares', async () => {
    const page = await browser.newPage()
    const asked = page.waitForRequest(/\/stocks\/AAPL\/prices\?/)
    await page.goto(server.url)
    assert.equal(new URL((await asked).url()).searchParams.get('adjust'), 'splits')
    await page.close()
  })

  it('opens in a browser by a name and the key as its password where keys are needed', async () => {
    const security = { ...LOOPBACK_SECURITY, bind: 'wide', rateLimit: null } as const
    const guarded = await serve(contextOf(pool, { security }), { host: '127.0.0.1', port: 0 })
    const wish = { role: 'read', name: null, expiresAt: null } as const
    const { key } = await createKey(pool, wish, { actor: 'user:test', now: FRIDAY })
    const context = await browser.newContext({
      httpCredentials: { username: 'anyone', password: key },
    })
    const page = await context.newPage()
    await page.goto(guarded.url)
    await page.locator('#chart path.line').waitFor({ state: 'attached' })
    assert.equal(await page.locator('#trouble').isVisible(), false)
    await context.close()
    await guarded.close()
  })

  it('fits a phone', async () => {
    const { page } = await open('/', 360)
    await page.locator('#chart path.line').waitFor({ state: 'attached' })
    const surplus = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    assert.equal(surplus, 0)
    await page.close()
  })
})

describe('the documents', () => {
  it('show in Swagger UI at /docs', async () => {
    const { page, complaints } = await open('/docs')
    await page.getByText('Bars of a stock', { exact: true }).waitFor({ state: 'visible' })
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('show in ReDoc at /redoc', async () => {
    const { page, complaints } = await open('/redoc')
    await page
      .getByRole('heading', { name: /\bgetStockPrices Bars of a stock$/ })
      .waitFor({ state: 'visible' })
    // Without its styles the menu would not stand beside the text.
    const menu = await page.locator('.menu-content').boundingBox()
    assert.equal(menu!.width < 400, true)
    assert.deepEqual(complaints, [])
    await page.close()
  })
})

describe('the content security policy', () => {
  it('allows no inline script, no other host and no frame', async () => {
    const response = await fetch(`${server.url}/`)
    const policy = response.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self';/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  })
})
