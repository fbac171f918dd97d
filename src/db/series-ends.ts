/** What a removal of bars leaves of a series: how much there is, and its first and last bar. */
import type { Connection } from './connect.ts'
import { barEvent, barEventValues, boundEvents, type BarsChanged } from './events.ts'
import { LATEST_CHANNEL } from './listen.ts'
import { lastBarValues, type HeadChange } from './series.ts'

export interface SeriesEnds extends Pick<HeadChange, 'bars' | 'pages' | 'firstBar' | 'runId'> {
  /** The newest bar that is left; null where none is. */
  readonly last: HeadChange['last']
}

/** Sets what is left of a locked series, and tells which bars went and that its latest bar may be another. */
export async function setSeriesEnds(
  connection: Connection,
  seriesId: number,
  { bars, pages, firstBar, last, runId }: SeriesEnds,
  changed: BarsChanged,
): Promise<void> {
  const { rows } = await connection.query<{ event: number }>(
    `WITH moved AS (UPDATE stockyard.series_heads SET
       bars = $2, pages = $3, first_bar = $4, run_id = $5, changed_at = clock_timestamp(),
       last_bar = $6, last_open = $7, last_high = $8, last_low = $9, last_close = $10,
       last_volume = $11, last_vwap = $12, last_trades = $13, last_final = $14, previous_close = $15
     WHERE series_id = $1
     RETURNING series_id, run_id, last_bar, last_open, last_high, last_low, last_close, last_volume,
       last_vwap, last_trades, last_final),
     told AS (${barEvent('moved', 16)})
     SELECT (SELECT id FROM told) AS event, pg_notify('${LATEST_CHANNEL}', s.instrument_id::text)
     FROM moved JOIN stockyard.series s ON s.id = moved.series_id`,
    [
      seriesId,
      bars,
      pages,
      firstBar === null ? null : new Date(firstBar),
      runId,
      ...lastBarValues(last),
      ...barEventValues(changed),
    ],
  )
  await boundEvents(connection, rows[0]!.event)
}
