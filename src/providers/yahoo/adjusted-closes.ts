/** Reads the adjusted closes of a daily chart: for splits and dividends, as of when the answer came. */
import type { PublishedCloses } from '../../domain/published-closes.ts'
import type { VendorBody } from '../provider.ts'
import { finiteOrNull, instantOf, readChart, sessionDayOf, zoneOf } from './chart.ts'
import { documentOf, isRecord } from './failure.ts'

/** Null where the answer has none, as charts of minutes and refusals do. */
export function parseAdjustedCloses(body: VendorBody): PublishedCloses | null {
  const chart = readChart(body)
  if ('ok' in chart || chart.meta['dataGranularity'] !== '1d') return null
  const zone = zoneOf(chart.meta)
  const column = adjustedColumn(body)
  if (zone === null || column === null) return null
  const byDay = new Map<number, number>()
  chart.timestamps.forEach((seconds, i) => {
    const instant = instantOf(seconds)
    const adjusted = finiteOrNull(column[i])
    if (Number.isNaN(instant) || adjusted === null) return
    byDay.set(sessionDayOf(instant, zone, chart.meta), adjusted)
  })
  const rows = [...byDay].toSorted(([a], [b]) => a - b)
  return {
    days: Float64Array.from(rows, ([day]) => day),
    adjusted: Float64Array.from(rows, ([, adjusted]) => adjusted),
    rule: 'previous-close',
  }
}

/** `chart.result[0].indicators.adjclose[0].adjclose`, or null. */
function adjustedColumn(body: VendorBody): readonly unknown[] | null {
  const layer = documentOf(body)?.['chart']
  const results = isRecord(layer) ? layer['result'] : null
  const result: unknown = Array.isArray(results) ? results[0] : null
  const indicators = isRecord(result) ? result['indicators'] : null
  const list = isRecord(indicators) ? indicators['adjclose'] : null
  const first: unknown = Array.isArray(list) ? list[0] : null
  const column = isRecord(first) ? first['adjclose'] : null
  return Array.isArray(column) ? column : null
}
