/** Deciding about refused rows over HTTP. */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
// The price-order reject of MSFT on 2024-05-06 gets values by which it can be loaded.
await pool.query(
  "UPDATE stockyard.rejects SET bar_values = '{10,20,5,12,300,NaN,NaN}' WHERE rule = 'price-order'",
)
const app = await appOver(pool)
after(() => app.close())
const { body } = await ask(app, '/api/v1/rejects?status=open')
const [unread, odd] = body.data.map(({ id }) => String(id))

it('one reject tells the bar that was read and that nobody has decided', async () => {
  const { status, body: reject } = await ask(app, `/api/v1/rejects/${odd}`)
  assert.equal(status, 200)
  assert.deepEqual([reject['status'], reject['decision'], reject['decisions']], ['open', null, []])
  assert.deepEqual(reject['bar'], {
    open: 10,
    high: 20,
    low: 5,
    close: 12,
    volume: 300,
    vwap: null,
    trades: null,
  })
  assert.equal((await ask(app, `/api/v1/rejects/${unread}`)).body['bar'], null)
  assert.equal((await ask(app, '/api/v1/rejects/999999')).body['code'], 'REJECT_UNKNOWN')
})

it('accept loads the bar, says who did it, and is seen in the prices and in the list', async () => {
  const url = `/api/v1/rejects/${odd}/accept`
  assert.equal((await ask(app, url, { method: 'POST', body: {} })).status, 400)
  const answer = await ask(app, url, { method: 'POST', body: { reason: 'checked by hand' } })
  assert.equal(answer.status, 200, answer.text)
  const decision = answer.body['decision'] as Record<string, unknown>
  assert.deepEqual([decision['by'], decision['reason']], ['local', 'checked by hand'])
  const { rows } = await pool.query<{ close: number }>(
    "SELECT close FROM stockyard.bars('MSFT', '1d', '2024-05-06', '2024-05-07')",
  )
  assert.deepEqual(rows, [{ close: 12 }])
  const accepted = await ask(app, '/api/v1/rejects?status=accepted')
  assert.deepEqual(
    accepted.body.data.map(({ id }) => String(id)),
    [odd],
  )
})

async function decide(what: string) {
  const wish = { method: 'POST', body: { reason: 'noise' } } as const
  return await ask(app, `/api/v1/rejects/${unread}/${what}`, wish)
}

it('a row that is no bar can be dropped and not accepted', async () => {
  const refused = await decide('accept')
  assert.deepEqual([refused.status, refused.body['code']], [409, 'REJECT_NO_BAR'])
  assert.equal((await decide('drop')).body['status'], 'dropped')
})

it('revalidate tells a verdict of each, and does not take ids and filters together', async () => {
  const url = '/api/v1/rejects/revalidate'
  const post = async (wish: object) => await ask(app, url, { method: 'POST', body: wish })
  const { status, body: summary } = await post({ ids: [Number(unread)] })
  assert.equal(status, 200)
  const [verdict] = summary['verdicts'] as { id: number; verdict: string }[]
  assert.deepEqual(
    [summary['run'], String(verdict!.id), verdict!.verdict],
    [null, unread, 'unknown'],
  )
  assert.equal((await post({ ids: [1], rule: 'number' })).body['code'], 'PARAMETER_INVALID')
  assert.deepEqual((await post({ rule: 'no-such-rule' })).body['verdicts'], [])
})

it('revalidate finds rows under a symbol that names nothing any more, in any case', async () => {
  await pool.query("UPDATE stockyard.rejects SET symbol = 'GONE', status = 'open' WHERE id = $1", [
    unread,
  ])
  const wish = { method: 'POST', body: { symbol: 'gone' } } as const
  const { body: summary } = await ask(app, '/api/v1/rejects/revalidate', wish)
  assert.equal((summary['verdicts'] as unknown[]).length, 1)
})
