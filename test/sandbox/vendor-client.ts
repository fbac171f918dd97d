/** Calls the sandbox as a vendor's client does, and checks what every answer must have. */
import assert from 'node:assert/strict'

export type Rows = Record<string, Record<string, string>>
export type Document = Record<string, Record<string, string> | Rows>

export interface Series {
  readonly meta: Record<string, string>
  readonly rows: Rows
  /** The key of the rows. */
  readonly key: string
}

/** A call at a sandbox's origin that is answered with HTTP 200. */
export async function call(
  url: string,
  params: Record<string, string>,
): Promise<{ text: string; type: string }> {
  const query = new URLSearchParams({ apikey: 'sandbox', ...params })
  const answer = await fetch(`${url}/query?${query}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('x-stockyard-simulated'), '1')
  const text = await answer.text()
  assert.equal(Number(answer.headers.get('content-length')), Buffer.byteLength(text))
  return { text, type: answer.headers.get('content-type') ?? '' }
}

/** A call that is answered with a series in JSON. */
export async function callSeries(url: string, params: Record<string, string>): Promise<Series> {
  const { text, type } = await call(url, params)
  assert.equal(type, 'application/json')
  const document = JSON.parse(text) as Document
  const [metaKey, key] = Object.keys(document)
  assert.equal(metaKey, 'Meta Data', text.slice(0, 300))
  // Every recording since 2019 is indented by four spaces.
  assert.equal(JSON.stringify(document, null, 4), text)
  return { meta: document[metaKey] as Record<string, string>, rows: document[key] as Rows, key }
}

/** The lines of a call that is answered in CSV. */
export async function callCsv(url: string, params: Record<string, string>): Promise<string[]> {
  const { text, type } = await call(url, { ...params, datatype: 'csv' })
  assert.equal(type, 'application/x-download')
  assert.ok(text.endsWith('\r\n'))
  return text.slice(0, -2).split('\r\n')
}

/** The sentence with which a call is refused as an error. */
export async function callRefused(url: string, params: Record<string, string>): Promise<string> {
  const document = JSON.parse((await call(url, params)).text) as Record<string, string>
  assert.deepEqual(Object.keys(document), ['Error Message'])
  return document['Error Message']
}
