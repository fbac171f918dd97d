/** Puts bars and actions into a store as a vendor's answer would, through the real loader. */
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { storeActions } from '../../src/db/actions.ts'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { startRun } from '../../src/db/runs.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import type { CorporateActions } from '../../src/providers/provider.ts'
import { calendar } from './bars.ts'

export interface SeriesToLoad {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
}

const SETTLE_MS = 4 * 3_600_000

/** Loads bars of a series that came at an instant, perhaps with splits and dividends. */
export async function loadSeries(
  pool: Pool,
  series: SeriesToLoad,
  batch: BarBatch,
  receivedAt: number,
  actions: CorporateActions | null = null,
): Promise<void> {
  const task = { symbol: series.symbol, interval: series.interval, provider: series.provider }
  const runId = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
  await loadBatch(pool, {
    series,
    calendar,
    settleMs: SETTLE_MS,
    runId,
    taskNumber: 1,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt,
    actions,
    simulated: false,
    batch,
  })
}

/** Takes what a provider says of splits and dividends into the ledger. */
export async function tellActions(
  pool: Pool,
  symbol: string,
  provider: string,
  said: Partial<CorporateActions>,
  observedAt: number,
): Promise<void> {
  const { id: instrumentId } = await getInstrument(pool, symbol)
  const source = { instrumentId, provider, runId: null, observedAt }
  await inTransaction(pool, (connection) =>
    storeActions(connection, source, { splits: [], dividends: [], ...said }),
  )
}
