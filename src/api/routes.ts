/** All resources of the API, in the order in which the document lists them. */
import { addActions } from './actions.ts'
import { addAnalytics } from './analytics.ts'
import { addAuditRoute } from './audit.ts'
import { addCalendar } from './calendar.ts'
import type { ApiContext, App } from './context.ts'
import { addCoverage } from './coverage.ts'
import { addEtl } from './etl.ts'
import { addHealth } from './health.ts'
import { addLatest } from './latest.ts'
import { addManualPrices } from './manual-prices.ts'
import { addMetrics } from './metrics.ts'
import { addPrices } from './prices.ts'
import { addProviders } from './providers.ts'
import { addRejects } from './rejects.ts'
import { addRevisions } from './revisions.ts'
import { addRuns } from './runs.ts'
import { addSchedules } from './schedules.ts'
import { addStream } from './stream.ts'
import { addIndexList, addStocks } from './stocks.ts'

export const RESOURCES: readonly ((app: App, context: ApiContext) => void)[] = [
  addStocks,
  addIndexList,
  addPrices,
  addManualPrices,
  addLatest,
  addActions,
  addRevisions,
  addCoverage,
  addAnalytics,
  addStream,
  addEtl,
  addRuns,
  addSchedules,
  addRejects,
  addProviders,
  addCalendar,
  addAuditRoute,
  addHealth,
  addMetrics,
]
