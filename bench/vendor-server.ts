/**
 * A vendor for benchmarks, in a process of its own: answers are made once at start in the wire format of
 * Alpha Vantage (pretty-printed JSON, newest first) and sent from memory, so that it costs next to
 * nothing while others are measured. Prints its port.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getCalendar } from '../src/domain/calendar/registry.ts'
import { MONTHS } from './load-plan.ts'
import { madeMinutes } from './made-bars.ts'

const calendar = getCalendar('XNYS')

/** The series of one month, as it stands behind "Time Series (1min)". */
function renderMonth(from: number, until: number): Buffer {
  const bars = madeMinutes(from, until, from / 1000)
  const rows: string[] = []
  for (let i = bars.length - 1; i >= 0; i -= 1) {
    const ts = bars.ts[i]!
    const local = new Date(
      ts - (calendar.instantAt(calendar.localDay(ts), 0) - calendar.localDay(ts)),
    )
    const label = local.toISOString().slice(0, 19).replace('T', ' ')
    rows.push(
      `        "${label}": {\n` +
        `            "1. open": "${bars.open[i]!.toFixed(4)}",\n` +
        `            "2. high": "${bars.high[i]!.toFixed(4)}",\n` +
        `            "3. low": "${bars.low[i]!.toFixed(4)}",\n` +
        `            "4. close": "${bars.close[i]!.toFixed(4)}",\n` +
        `            "5. volume": "${bars.volume[i]}"\n        }`,
    )
  }
  return Buffer.from(`    "Time Series (1min)": {\n${rows.join(',\n')}\n    }\n}`)
}

function renderHead(symbol: string, month: string): Buffer {
  return Buffer.from(
    `{\n    "Meta Data": {\n` +
      `        "1. Information": "Intraday (1min) open, high, low, close prices and volume",\n` +
      `        "2. Symbol": "${symbol}",\n        "3. Last Refreshed": "${month}-28 15:59:00",\n` +
      `        "4. Interval": "1min",\n        "5. Output Size": "Full size",\n` +
      `        "6. Time Zone": "US/Eastern"\n    },\n`,
  )
}

const bodies = new Map(
  MONTHS.map(([from, until]) => [
    new Date(from).toISOString().slice(0, 7),
    renderMonth(from, until),
  ]),
)

const server = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams
  const month = query.get('month') ?? ''
  const series = bodies.get(month)
  if (series === undefined) {
    response.end('{"Error Message": "Invalid API call."}')
    return
  }
  const head = renderHead(query.get('symbol') ?? '', month)
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', head.length + series.length)
  response.write(head)
  response.end(series)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
