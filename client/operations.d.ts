/** Generated from the OpenAPI document by `npm run client`; not edited by hand. */
/** An error after RFC 9457. */
export type Problem = {
  /** URN of the kind of problem. */
  readonly type: string
  /** What the status means. */
  readonly title: string
  readonly status: number
  /** What went wrong, one sentence. */
  readonly detail: string
  /** Stable code; see docs/errors.md. */
  readonly code: string
  /** What to do about it. */
  readonly hint: string
  /** Path that was asked for. */
  readonly instance: string
  /** As in the log and in the header `x-request-id`. */
  readonly request_id: string
}

/** A bar over [start, start + interval). With `fields` it has those alone. */
export type Bar = {
  /** Start of an intraday bar, in UTC. */
  readonly ts?: string | undefined
  /** In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month. */
  readonly session?: string | undefined
  /** First price. */
  readonly open?: number | undefined
  /** Highest price. */
  readonly high?: number | undefined
  /** Lowest price. */
  readonly low?: number | undefined
  /** Last price. */
  readonly close?: number | undefined
  /** Units traded. */
  readonly volume?: number | null | undefined
  /** Volume-weighted average price, where the vendor gives one. */
  readonly vwap?: number | null | undefined
  /** Number of trades, where the vendor gives it. */
  readonly trades?: number | null | undefined
  /** Whose bar it is; `mixed` where it was made of bars of several. */
  readonly provider?: string | undefined
  /** Provisional until the session is over and the vendor has settled it. */
  readonly state?: 'final' | 'provisional' | undefined
  /** True, and there only then, where its period reaches beyond what is known. */
  readonly partial?: boolean | undefined
}

/** A bar with its symbol. */
export type SymbolBar = {
  /** Symbol. */
  readonly symbol: string
  /** Start of an intraday bar, in UTC. */
  readonly ts?: string | undefined
  /** In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month. */
  readonly session?: string | undefined
  /** First price. */
  readonly open?: number | undefined
  /** Highest price. */
  readonly high?: number | undefined
  /** Lowest price. */
  readonly low?: number | undefined
  /** Last price. */
  readonly close?: number | undefined
  /** Units traded. */
  readonly volume?: number | null | undefined
  /** Volume-weighted average price, where the vendor gives one. */
  readonly vwap?: number | null | undefined
  /** Number of trades, where the vendor gives it. */
  readonly trades?: number | null | undefined
  /** Whose bar it is; `mixed` where it was made of bars of several. */
  readonly provider?: string | undefined
  /** Provisional until the session is over and the vendor has settled it. */
  readonly state?: 'final' | 'provisional' | undefined
  /** True, and there only then, where its period reaches beyond what is known. */
  readonly partial?: boolean | undefined
}

export type LatestBar = {
  /** Symbol. */
  readonly symbol: string
  readonly interval: '1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo'
  /** Provider. */
  readonly provider: string
  /** Start of an intraday bar, in UTC. */
  readonly ts?: string | undefined
  /** In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month. */
  readonly session?: string | undefined
  /** First price. */
  readonly open: number
  /** Highest price. */
  readonly high: number
  /** Lowest price. */
  readonly low: number
  /** Last price. */
  readonly close: number
  /** Units traded. */
  readonly volume: number | null
  /** Volume-weighted average price, where the vendor gives one. */
  readonly vwap: number | null
  /** Number of trades, where the vendor gives it. */
  readonly trades: number | null
  /** Provisional until the session is over and the vendor has settled it. */
  readonly state: 'final' | 'provisional'
  /** True, and there only then, where its period reaches beyond what is known. */
  readonly partial?: boolean | undefined
  /** Where it was asked for. */
  readonly adjust?: 'splits' | 'all' | undefined
  /** The instant, where it was asked for. */
  readonly as_of?: string | undefined
  /** The interval of the stored bars that it was made of, where it was. */
  readonly derived_from?: string | undefined
  /** What the answer could not do, where there is something. */
  readonly warnings?: readonly (string)[] | undefined
}

export type Quote = {
  /** Symbol. */
  readonly symbol: string
  /** Provider. */
  readonly provider: string
  /** `quote`, or the interval of the bar that the price was read from. */
  readonly source: string
  /** Newest price. */
  readonly price: number
  /** Of the session. */
  readonly open: number | null
  /** Of the session. */
  readonly high: number | null
  /** Of the session. */
  readonly low: number | null
  /** Close of the session before. */
  readonly previous_close: number | null
  /** Since the previous close. */
  readonly change: number | null
  /** Since the previous close, in percent. */
  readonly change_percent: number | null
  /** Of the session. */
  readonly volume: number | null
  /** Date of the session. */
  readonly session: string
  /** Instant in UTC. */
  readonly observed_at: string
}

export type Stock = {
  /** Symbol. */
  readonly symbol: string
  readonly kind: 'stock' | 'etf' | 'index' | 'currency' | 'other'
  /** Name of the company or fund. */
  readonly name: string | null
  /** ISO 10383 code; decides the calendar. */
  readonly exchange: string
  /** ISO 4217 code. */
  readonly currency: string | null
  /** As the vendor or somebody here named it. */
  readonly sector: string | null
  /** As the vendor or somebody here named it. */
  readonly industry: string | null
  /** On the watch list, which is kept up to date. */
  readonly watched: boolean
  /** False once deleted; its bars stay. */
  readonly active: boolean
  /** First day of trading, where a vendor says it. */
  readonly listed_on: string | null
  /** First day on which it was no longer listed. */
  readonly delisted_on: string | null
  /** True when it is from the simulated exchange. */
  readonly simulated: boolean
  /** What vendors say about it, by provider. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Instant in UTC. */
  readonly created_at: string
  /** Instant in UTC. */
  readonly updated_at: string
}

/** A stock. With `fields` it has those alone. */
export type ListedStock = {
  /** Symbol. */
  readonly symbol: string
  readonly kind?: 'stock' | 'etf' | 'index' | 'currency' | 'other' | undefined
  /** Name of the company or fund. */
  readonly name?: string | null | undefined
  /** ISO 10383 code; decides the calendar. */
  readonly exchange?: string | undefined
  /** ISO 4217 code. */
  readonly currency?: string | null | undefined
  /** As the vendor or somebody here named it. */
  readonly sector?: string | null | undefined
  /** As the vendor or somebody here named it. */
  readonly industry?: string | null | undefined
  /** On the watch list, which is kept up to date. */
  readonly watched?: boolean | undefined
  /** False once deleted; its bars stay. */
  readonly active?: boolean | undefined
  /** First day of trading, where a vendor says it. */
  readonly listed_on?: string | null | undefined
  /** First day on which it was no longer listed. */
  readonly delisted_on?: string | null | undefined
  /** True when it is from the simulated exchange. */
  readonly simulated?: boolean | undefined
  /** What vendors say about it, by provider. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Instant in UTC. */
  readonly created_at?: string | undefined
  /** Instant in UTC. */
  readonly updated_at?: string | undefined
}

export type Revision = {
  /** Symbol. */
  readonly symbol: string
  readonly interval: '1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo'
  /** Provider. */
  readonly provider: string
  /** Start of an intraday bar, in UTC. */
  readonly ts?: string | undefined
  /** In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month. */
  readonly session?: string | undefined
  readonly old: {
    /** First price. */
    readonly open: number
    /** Highest price. */
    readonly high: number
    /** Lowest price. */
    readonly low: number
    /** Last price. */
    readonly close: number
    /** Units traded. */
    readonly volume: number | null
    /** Volume-weighted average price, where the vendor gives one. */
    readonly vwap: number | null
    /** Number of trades, where the vendor gives it. */
    readonly trades: number | null
  }
  /** Null: it was removed. */
  readonly new: {
    /** First price. */
    readonly open: number
    /** Highest price. */
    readonly high: number
    /** Lowest price. */
    readonly low: number
    /** Last price. */
    readonly close: number
    /** Units traded. */
    readonly volume: number | null
    /** Volume-weighted average price, where the vendor gives one. */
    readonly vwap: number | null
    /** Number of trades, where the vendor gives it. */
    readonly trades: number | null
  } | null
  /** Instant in UTC. */
  readonly changed_at: string
  /** The run that brought the new value. */
  readonly run: number
}

export type Action = {
  /** Symbol. */
  readonly symbol: string
  readonly kind: 'split' | 'dividend' | 'special-dividend' | 'capital-gain'
  /** First session that trades without it. */
  readonly ex_date: string
  /** Provider. */
  readonly provider: string
  /** Of a split: so many new shares … */
  readonly new_shares: number | null
  /** … for so many old ones. */
  readonly old_shares: number | null
  /** Of a payment: for one share. */
  readonly amount: number | null
  /** Of the amount; null where the provider does not say. */
  readonly currency: string | null
  /** `split` where the amount was restated for later splits, else `raw`. */
  readonly basis: string | null
  /** Instant in UTC. */
  readonly first_seen: string
  readonly status: 'confirmed' | 'single-source' | 'suspicious' | 'refused'
  /** True where adjusted prices go by this row. */
  readonly applied: boolean
}

export type Run = {
  /** Id of the run. */
  readonly run: number
  /** What was run. */
  readonly job: string
  readonly status: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'
  /** Instant in UTC. */
  readonly started_at: string
  /** Instant in UTC; null while it runs. */
  readonly finished_at: string | null
  /** How many symbols it is about. */
  readonly symbols: number
  /** Calls that were sent to the vendor. */
  readonly requests: number
  /** Rows that the answers held. */
  readonly fetched: number
  /** Bars that were new. */
  readonly inserted: number
  /** Bars that changed. */
  readonly updated: number
  /** Bars that were the same. */
  readonly unchanged: number
  /** Rows that a check refused. */
  readonly rejected: number
  /** How many of its tasks failed. */
  readonly failed: number
  /** Null where nothing went wrong. */
  readonly error: {
    /** Of the task that failed. */
    readonly symbol?: string | undefined
    /** Stable code. */
    readonly code: string
    /** What went wrong. */
    readonly message: string
    /** What to do about it. */
    readonly hint: string | null
  } | null
}

export type Task = {
  /** Symbol. */
  readonly symbol: string
  readonly interval: '1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo'
  /** Provider. */
  readonly provider: string
  readonly status: 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'
  /** Calls that were sent to the vendor. */
  readonly requests: number
  /** Rows that the answers held. */
  readonly fetched: number
  /** Bars that were new. */
  readonly inserted: number
  /** Bars that changed. */
  readonly updated: number
  /** Bars that were the same. */
  readonly unchanged: number
  /** Rows that a check refused. */
  readonly rejected: number
  /** Up to which session the series is complete and final. */
  readonly watermark: string | null
  readonly notes: readonly (string)[]
  /** Null where nothing went wrong. */
  readonly error: {
    /** Of the task that failed. */
    readonly symbol?: string | undefined
    /** Stable code. */
    readonly code: string
    /** What went wrong. */
    readonly message: string
    /** What to do about it. */
    readonly hint: string | null
  } | null
}

export type RunDetails = {
  /** Id of the run. */
  readonly run: number
  /** What was run. */
  readonly job: string
  readonly status: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'
  /** Instant in UTC. */
  readonly started_at: string
  /** Instant in UTC; null while it runs. */
  readonly finished_at: string | null
  /** How many symbols it is about. */
  readonly symbols: number
  /** Calls that were sent to the vendor. */
  readonly requests: number
  /** Rows that the answers held. */
  readonly fetched: number
  /** Bars that were new. */
  readonly inserted: number
  /** Bars that changed. */
  readonly updated: number
  /** Bars that were the same. */
  readonly unchanged: number
  /** Rows that a check refused. */
  readonly rejected: number
  /** How many of its tasks failed. */
  readonly failed: number
  /** Null where nothing went wrong. */
  readonly error: {
    /** Of the task that failed. */
    readonly symbol?: string | undefined
    /** Stable code. */
    readonly code: string
    /** What went wrong. */
    readonly message: string
    /** What to do about it. */
    readonly hint: string | null
  } | null
  readonly tasks: readonly (Task)[]
}

export type SeriesStatus = {
  /** Symbol. */
  readonly symbol: string
  /** Name of the instrument. */
  readonly name: string | null
  readonly interval: '1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo'
  /** Provider. */
  readonly provider: string
  /** As traded, or split-adjusted. */
  readonly basis: 'raw' | 'split'
  /** How many are stored. */
  readonly bars: number
  /** Start of the first bar. */
  readonly first: string | null
  /** Start of the last bar. */
  readonly last: string | null
  /** Close of the last bar. */
  readonly price: number | null
  /** Since the bar before. */
  readonly change: number | null
  /** Since the bar before, in percent. */
  readonly change_percent: number | null
  readonly state: 'final' | 'provisional' | null
  /** Up to which session the series is complete and final. */
  readonly watermark: string | null
  /** When the newest answer came. */
  readonly observed_at: string | null
  /** When bars changed last. */
  readonly changed_at: string | null
  /** What the vendor says of the series beside its bars; null where it says nothing. */
  readonly metadata: Readonly<Record<string, string | number | boolean>> | null
  readonly simulated: boolean
}

export type Reject = {
  readonly id: number
  /** Symbol. */
  readonly symbol: string
  /** Interval. */
  readonly interval: string
  /** Provider. */
  readonly provider: string
  /** Start of the bar, where it could be read. */
  readonly ts: string | null
  /** The check that refused it. */
  readonly rule: string
  /** Why, with the values. */
  readonly reason: string
  /** The vendor's own text of the row. */
  readonly raw: string
  readonly run: number
  /** Instant in UTC. */
  readonly rejected_at: string
  /** What became of it. */
  readonly status: 'open' | 'accepted' | 'dropped' | 'resolved'
  /** The newest. */
  readonly decision: RejectDecision | null
}

export type RejectDetails = {
  readonly id: number
  /** Symbol. */
  readonly symbol: string
  /** Interval. */
  readonly interval: string
  /** Provider. */
  readonly provider: string
  /** Start of the bar, where it could be read. */
  readonly ts: string | null
  /** The check that refused it. */
  readonly rule: string
  /** Why, with the values. */
  readonly reason: string
  /** The vendor's own text of the row. */
  readonly raw: string
  readonly run: number
  /** Instant in UTC. */
  readonly rejected_at: string
  /** What became of it. */
  readonly status: 'open' | 'accepted' | 'dropped' | 'resolved'
  /** The newest. */
  readonly decision: RejectDecision | null
  /** When the answer came. */
  readonly received_at: string | null
  /** The row as it was read; null where it could not be read as a bar. */
  readonly bar: {
    readonly open: number | null
    readonly high: number | null
    readonly low: number | null
    readonly close: number | null
    readonly volume: number | null
    readonly vwap: number | null
    readonly trades: number | null
  } | null
  /** Oldest first. */
  readonly decisions: readonly (RejectDecision)[]
}

export type RejectDecision = {
  readonly status: 'open' | 'accepted' | 'dropped' | 'resolved'
  /** Who decided. */
  readonly by: string
  /** Why. */
  readonly reason: string
  /** The run that loaded the bar. */
  readonly run: number | null
  /** Instant in UTC. */
  readonly at: string
}

export type BarEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'bar'
  readonly data: {
    /** Symbol. */
    readonly symbol: string
    readonly interval: '1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo'
    /** Provider. */
    readonly provider: string
    /** The newest bar of the series, changed or not; null where none is left. */
    readonly bar: {
      /** Start of an intraday bar, in UTC. */
      readonly ts?: string | undefined
      /** In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month. */
      readonly session?: string | undefined
      /** First price. */
      readonly open: number
      /** Highest price. */
      readonly high: number
      /** Lowest price. */
      readonly low: number
      /** Last price. */
      readonly close: number
      /** Units traded. */
      readonly volume: number | null
      /** Volume-weighted average price, where the vendor gives one. */
      readonly vwap: number | null
      /** Number of trades, where the vendor gives it. */
      readonly trades: number | null
      /** Provisional until the session is over and the vendor has settled it. */
      readonly state: 'final' | 'provisional'
    } | null
    /** Which bars changed; /stocks/{symbol}/prices shows them with this from and until. */
    readonly changed: {
      /** Start of the first bar that changed: an instant, or a date. */
      readonly from: string
      /** After the last one, not included. */
      readonly until: string
      /** Bars that are new. */
      readonly inserted: number
      /** Bars that have other values. */
      readonly updated: number
      /** Final ones among the updated. */
      readonly revised: number
      /** Bars by hand that were taken back. */
      readonly removed: number
    }
    /** The run that brought them. */
    readonly run: number
  }
}

export type QuoteEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'quote'
  readonly data: Quote
}

export type RunEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'run'
  readonly data: {
    /** Id of the run. */
    readonly run: number
    /** What was run. */
    readonly job: string
    readonly status: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'
    /** Instant in UTC. */
    readonly started_at: string
    /** Instant in UTC; null while it runs. */
    readonly finished_at: string | null
    /** How many symbols it is about. */
    readonly symbols: number
    /** Calls that were sent to the vendor. */
    readonly requests: number
    /** Rows that the answers held. */
    readonly fetched: number
    /** Bars that were new. */
    readonly inserted: number
    /** Bars that changed. */
    readonly updated: number
    /** Bars that were the same. */
    readonly unchanged: number
    /** Rows that a check refused. */
    readonly rejected: number
    /** How many of its tasks failed. */
    readonly failed: number
    /** Null where nothing went wrong. */
    readonly error: {
      /** Of the task that failed. */
      readonly symbol?: string | undefined
      /** Stable code. */
      readonly code: string
      /** What went wrong. */
      readonly message: string
      /** What to do about it. */
      readonly hint: string | null
    } | null
    /** How many tasks it has: series, or parts of one. */
    readonly tasks: number
    /** How many of them have ended. */
    readonly tasks_ended: number
  }
}

export type ActionEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'action'
  readonly data: {
    /** Symbol. */
    readonly symbol: string
    /** Provider. */
    readonly provider: string
    /** How many were not known. */
    readonly added: number
    /** How many have other values. */
    readonly changed: number
    /** The newest ten of them. */
    readonly actions: readonly ({
      readonly kind: 'split' | 'dividend' | 'special-dividend' | 'capital-gain'
      /** First session that trades without it. */
      readonly ex_date: string
      /** Of a split: so many new shares … */
      readonly new_shares: number | null
      /** … for so many old ones. */
      readonly old_shares: number | null
      /** Of a payment: for one share. */
      readonly amount: number | null
      /** Of the amount. */
      readonly currency: string | null
      /** `split` where the amount was restated for later splits. */
      readonly basis: string | null
    })[]
  }
}

export type AlertEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'alert'
  readonly data: {
    /** ISO 10383 code. */
    readonly exchange: string
    /** Date of the session of which nothing came. */
    readonly session: string
    /** How many symbols came back empty. */
    readonly symbols: number
    /** The run that found it. */
    readonly run: number
    /** What is the matter. */
    readonly message: string
    /** What to do about it. */
    readonly hint: string
  }
}

export type ResetEvent = {
  /** After which a stream can be gone on with. */
  readonly id: string
  readonly type: 'reset'
  readonly data: {
    readonly reason: 'removed' | 'unknown'
    /** Why events were lost. */
    readonly detail: string
    /** What to do about it. */
    readonly hint: string
  }
}

/** One event of the stream. */
export type StreamEvent = BarEvent | QuoteEvent | RunEvent | ActionEvent | AlertEvent | ResetEvent

export type Schedule = {
  readonly name: 'keep-current' | 'actions'
  /** What is done, and when. */
  readonly description: string
  /** `off` while no process keeps series current, paused or not. */
  readonly state: 'waiting' | 'running' | 'paused' | 'off'
  /** Why it is paused or off; null while it is neither. */
  readonly why: string | null
  /** Instant at which it is done next; null where nobody will. */
  readonly next_at: string | null
  /** The process that does it; null where there is none. */
  readonly keeper: {
    readonly host: string
    readonly pid: number
  } | null
  /** Instant; null while it is not being done. */
  readonly running_since: string | null
  /** When it was asked for and has not been done yet. */
  readonly requested_at: string | null
  /** Instant; null where it is not paused. */
  readonly paused_at: string | null
  /** Who paused it. */
  readonly paused_by: string | null
  /** Why it was paused. */
  readonly reason: string | null
  /** When it ended last; null: never. */
  readonly last_at: string | null
  /** The run that it made then, where it made one. */
  readonly last_run: number | null
  /** How it ended; `skipped`: no vendor could be called. */
  readonly last_status: 'succeeded' | 'partial' | 'failed' | 'interrupted' | 'skipped' | null
}

export type Provider = {
  /** Provider. */
  readonly id: string
  /** Name. */
  readonly name: string
  /** False where its key is not set. */
  readonly enabled: boolean
  readonly needs_key: boolean
  readonly intervals: readonly ('1m' | '5m' | '15m' | '30m' | '1h' | '1d' | '1wk' | '1mo')[]
  readonly basis: 'raw' | 'split'
  /** Calls that are allowed. */
  readonly budget: string
  /** Zone whose midnight resets the day's calls. */
  readonly reset_zone: string
  /** What the vendor sells, the least plan first. */
  readonly plans: readonly ({
    /** Name. */
    readonly name: string
    /** Calls that it allows. */
    readonly budget: string
    /** What it includes. */
    readonly includes: string
  })[]
  readonly windows: readonly ({
    readonly window: 'second' | 'minute' | 'day'
    /** Calls allowed: of the budget, or what a refusal showed where that is less. */
    readonly limit: number
    /** Calls that are spent. */
    readonly used: number
    /** Calls that are left. */
    readonly left: number
    /** When calls come free again; null while none is spent. */
    readonly resets_at: string | null
    /** A limit below that of the budget, which a refusal showed; null where none did. */
    readonly seen_ceiling: {
      /** Calls that the vendor allows. */
      readonly calls: number
      /** The vendor's own. */
      readonly words: string
      /** Instant in UTC. */
      readonly seen_at: string
      /** When the limit of the budget holds again. */
      readonly holds_until: string
    } | null
  })[]
  /** No call goes out before then, by a vendor's refusal; else null. */
  readonly paused_until: string | null
  /** Why. */
  readonly pause_reason: string | null
  /** Who goes first: live, then close, repair, backfill. */
  readonly lanes: {
    /** Calls of the day that repair and backfill leave for the close. */
    readonly close_reserve: number
    /** When these are let go today; null where nothing is kept back. */
    readonly reserve_until: string | null
    /** Calls that wait for their turn, by lane. */
    readonly waiting: {
      readonly live?: number | undefined
      readonly close?: number | undefined
      readonly repair?: number | undefined
      readonly backfill?: number | undefined
    }
  }
  readonly plan_limits: readonly ({
    /** Calls that are refused together, e.g. `bars 1d full`. */
    readonly topic: string
    /** The vendor's own. */
    readonly words: string
    /** Instant in UTC. */
    readonly refused_at: string
    /** No call is spent on it before then. */
    readonly retry_after: string
  })[]
  /** What the last canary found; null where there was none. */
  readonly canary: {
    readonly status: 'ok' | 'changed' | 'refused' | 'unreachable'
    /** Instant in UTC. */
    readonly checked_at: string
  } | null
}

/** Parameters and answer of each operation, by its `operationId`. */
export interface Operations {
  /** List stocks. By symbol. Deleted ones are left out unless `active=false` asks for them. */
  readonly getStocks: {
    readonly params: {
      /** Only of this kind. */
      readonly kind?: 'stock' | 'etf' | 'index' | 'currency' | 'other' | undefined
      /** Only of this exchange, by its ISO 10383 code or another of its names. */
      readonly exchange?: string | undefined
      /** Only of this sector, in any case. */
      readonly sector?: string | undefined
      /** False lists deleted ones. Without it: `true`. */
      readonly active?: boolean | undefined
      /** Only those on the watch list, or not. */
      readonly watched?: boolean | undefined
      /** Words in the symbol, name, sector or industry. */
      readonly text?: string | undefined
      /** By symbol. Without it: `asc`. */
      readonly sort?: 'asc' | 'desc' | undefined
      /** Only these; the symbol is always there. */
      readonly fields?: string | undefined
      /** Rows to leave out; `cursor` is quicker and steadier. Without it: `0`. */
      readonly skip?: number | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly (ListedStock)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: ListedStock
  }
  /** Add a stock. */
  readonly createStock: {
    readonly params: {
      readonly body: {
        /** Symbol. */
        readonly symbol: string
        /** What it is. Without it: `stock`. */
        readonly kind?: 'stock' | 'etf' | 'index' | 'currency' | 'other' | undefined
        /** Name of the company or fund. */
        readonly name?: string | null | undefined
        /** ISO 10383 code, or another name of an exchange that is known. Without it: `XNYS`. */
        readonly exchange?: string | undefined
        /** ISO 4217 code. */
        readonly currency?: string | null | undefined
        /** Sector. */
        readonly sector?: string | null | undefined
        /** Industry. */
        readonly industry?: string | null | undefined
        /** On the watch list. Without it: `false`. */
        readonly watched?: boolean | undefined
        /** False once deleted. Without it: `true`. */
        readonly active?: boolean | undefined
      }
    }
    readonly answer: Stock
  }
  /** One stock. */
  readonly getStock: {
    readonly params: {
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: Stock
  }
  /** Replace what is said about a stock. Fields that are left out take their defaults. */
  readonly replaceStock: {
    readonly params: {
      /** Symbol, in any case. */
      readonly symbol: string
      readonly body: {
        /** What it is. Without it: `stock`. */
        readonly kind?: 'stock' | 'etf' | 'index' | 'currency' | 'other' | undefined
        /** Name of the company or fund. */
        readonly name?: string | null | undefined
        /** ISO 10383 code, or another name of an exchange that is known. Without it: `XNYS`. */
        readonly exchange?: string | undefined
        /** ISO 4217 code. */
        readonly currency?: string | null | undefined
        /** Sector. */
        readonly sector?: string | null | undefined
        /** Industry. */
        readonly industry?: string | null | undefined
        /** On the watch list. Without it: `false`. */
        readonly watched?: boolean | undefined
        /** False once deleted. Without it: `true`. */
        readonly active?: boolean | undefined
      }
    }
    readonly answer: Stock
  }
  /** Change some fields of a stock. `{"active": true}` brings a deleted one back. */
  readonly updateStock: {
    readonly params: {
      /** Symbol, in any case. */
      readonly symbol: string
      readonly body: {
        /** What it is. Without it: `stock`. */
        readonly kind?: 'stock' | 'etf' | 'index' | 'currency' | 'other' | undefined
        /** Name of the company or fund. */
        readonly name?: string | null | undefined
        /** ISO 10383 code, or another name of an exchange that is known. Without it: `XNYS`. */
        readonly exchange?: string | undefined
        /** ISO 4217 code. */
        readonly currency?: string | null | undefined
        /** Sector. */
        readonly sector?: string | null | undefined
        /** Industry. */
        readonly industry?: string | null | undefined
        /** On the watch list. Without it: `false`. */
        readonly watched?: boolean | undefined
        /** False once deleted. Without it: `true`. */
        readonly active?: boolean | undefined
      }
    }
    readonly answer: Stock
  }
  /** Delete a stock. Softly: it leaves the lists and the watch list, and its bars stay. */
  readonly deleteStock: {
    readonly params: {
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: void
  }
  /** List indices. Stocks of the kind `index`. By symbol. Deleted ones are left out unless `active=false` asks for them. */
  readonly getIndices: {
    readonly params: {
      /** Only of this exchange, by its ISO 10383 code or another of its names. */
      readonly exchange?: string | undefined
      /** Only of this sector, in any case. */
      readonly sector?: string | undefined
      /** False lists deleted ones. Without it: `true`. */
      readonly active?: boolean | undefined
      /** Only those on the watch list, or not. */
      readonly watched?: boolean | undefined
      /** Words in the symbol, name, sector or industry. */
      readonly text?: string | undefined
      /** By symbol. Without it: `asc`. */
      readonly sort?: 'asc' | 'desc' | undefined
      /** Only these; the symbol is always there. */
      readonly fields?: string | undefined
      /** Rows to leave out; `cursor` is quicker and steadier. Without it: `0`. */
      readonly skip?: number | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly (ListedStock)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: ListedStock
  }
  /** Bars of a stock. From the store; nothing is fetched. One that has none at the interval answers with bars made of shorter ones, or with an empty list. */
  readonly getStockPrices: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. A plain date is a date of the exchange; an instant carries its offset. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** `regular` leaves out intraday bars before the open and after the close. Without it: `all`. */
      readonly session?: 'all' | 'regular' | undefined
      /** Whose bars: the id of a provider, or `auto` for the best that any has of each start, by priority. Without it: `auto`. */
      readonly provider?: string | undefined
      /** By time. Without it: `asc`. */
      readonly sort?: 'asc' | 'desc' | undefined
      /** As traded, in today's shares, or with dividends taken out of older prices, too. Without it: `none`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known at an instant, or at the end of a date of the exchange. Without it: `now`. */
      readonly as_of?: string | undefined
      /** A longer interval that the bars of `interval` are made into. Without it: `none`. */
      readonly resample?: string | undefined
      /** `live` adds bars that were seen before their period was over. Without it: `none`. */
      readonly include?: 'none' | 'live' | undefined
      /** Only these of open, high, low, close, volume, vwap, trades, provider, state; the key is always there. */
      readonly fields?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly symbol: string
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      /** Whose bars; `auto` where several series were merged, null where there are none. */
      readonly provider: string | null
      /** The instant as of which they are known; null: as they are known now. */
      readonly as_of: string | null
      readonly data: readonly (Bar)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
      /** The interval of the stored bars that these were made of, where they were. */
      readonly derived_from?: string | undefined
      /** What the answer could not do, where there is something. */
      readonly warnings?: readonly (string)[] | undefined
    }
    readonly row: Bar
    readonly line: Bar & { readonly symbol: string; readonly interval: string }
    readonly format: 'ndjson' | 'csv' | 'parquet' | 'arrow'
  }
  /** Bars of an index. From the store; nothing is fetched. One that has none at the interval answers with bars made of shorter ones, or with an empty list. */
  readonly getIndexPrices: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. A plain date is a date of the exchange; an instant carries its offset. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** `regular` leaves out intraday bars before the open and after the close. Without it: `all`. */
      readonly session?: 'all' | 'regular' | undefined
      /** Whose bars: the id of a provider, or `auto` for the best that any has of each start, by priority. Without it: `auto`. */
      readonly provider?: string | undefined
      /** By time. Without it: `asc`. */
      readonly sort?: 'asc' | 'desc' | undefined
      /** As traded, in today's shares, or with dividends taken out of older prices, too. Without it: `none`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known at an instant, or at the end of a date of the exchange. Without it: `now`. */
      readonly as_of?: string | undefined
      /** A longer interval that the bars of `interval` are made into. Without it: `none`. */
      readonly resample?: string | undefined
      /** `live` adds bars that were seen before their period was over. Without it: `none`. */
      readonly include?: 'none' | 'live' | undefined
      /** Only these of open, high, low, close, volume, vwap, trades, provider, state; the key is always there. */
      readonly fields?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly symbol: string
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      /** Whose bars; `auto` where several series were merged, null where there are none. */
      readonly provider: string | null
      /** The instant as of which they are known; null: as they are known now. */
      readonly as_of: string | null
      readonly data: readonly (Bar)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
      /** The interval of the stored bars that these were made of, where they were. */
      readonly derived_from?: string | undefined
      /** What the answer could not do, where there is something. */
      readonly warnings?: readonly (string)[] | undefined
    }
    readonly row: Bar
    readonly line: Bar & { readonly symbol: string; readonly interval: string }
    readonly format: 'ndjson' | 'csv' | 'parquet' | 'arrow'
  }
  /** Bars of several stocks. The same over some symbols, ordered by symbol, then by time. */
  readonly getPrices: {
    readonly params: {
      /** Symbols with commas between them, 100 at most. */
      readonly symbols: string
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. A plain date is a date of the exchange; an instant carries its offset. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** `regular` leaves out intraday bars before the open and after the close. Without it: `all`. */
      readonly session?: 'all' | 'regular' | undefined
      /** Whose bars: the id of a provider, or `auto` for the best that any has of each start, by priority. Without it: `auto`. */
      readonly provider?: string | undefined
      /** By time. Without it: `asc`. */
      readonly sort?: 'asc' | 'desc' | undefined
      /** As traded, in today's shares, or with dividends taken out of older prices, too. Without it: `none`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known at an instant, or at the end of a date of the exchange. Without it: `now`. */
      readonly as_of?: string | undefined
      /** A longer interval that the bars of `interval` are made into. Without it: `none`. */
      readonly resample?: string | undefined
      /** `live` adds bars that were seen before their period was over. Without it: `none`. */
      readonly include?: 'none' | 'live' | undefined
      /** Only these of open, high, low, close, volume, vwap, trades, provider, state; the key is always there. */
      readonly fields?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      /** As it was asked for; null: now. */
      readonly as_of: string | null
      readonly data: readonly (SymbolBar)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
      /** What the answer could not do, where there is something. */
      readonly warnings?: readonly (string)[] | undefined
    }
    readonly row: SymbolBar
    readonly line: SymbolBar & { readonly symbol: string; readonly interval: string }
    readonly format: 'ndjson' | 'csv' | 'parquet' | 'arrow'
  }
  /** Give bars by hand. One, or several in `data`, all or none. They are checked as vendors’ bars are, and come before those at read; a final bar that they change keeps its earlier value. */
  readonly createPrice: {
    readonly params: {
      readonly body: {
        /** Symbol. */
        readonly symbol: string
        /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
        readonly interval?: string | undefined
        /** Start of an intraday bar, with its offset. */
        readonly ts?: string | undefined
        /** Of a daily or longer bar: the session, the Monday of the week or the first of the month. */
        readonly session?: string | undefined
        /** First price. */
        readonly open?: number | undefined
        /** Highest price. */
        readonly high?: number | undefined
        /** Lowest price. */
        readonly low?: number | undefined
        /** Last price. */
        readonly close?: number | undefined
        /** Units traded. */
        readonly volume?: number | null | undefined
        /** Volume-weighted average price. */
        readonly vwap?: number | null | undefined
        /** Number of trades. */
        readonly trades?: number | null | undefined
        /** Whose the bar was that was read; it changes nothing. */
        readonly provider?: string | undefined
        /** As it was read; the calendar decides on the new one. */
        readonly state?: string | undefined
        /** Several bars, in place of one. */
        readonly data?: readonly ({
          /** Start of an intraday bar, with its offset. */
          readonly ts?: string | undefined
          /** Of a daily or longer bar: the session, the Monday of the week or the first of the month. */
          readonly session?: string | undefined
          /** First price. */
          readonly open?: number | undefined
          /** Highest price. */
          readonly high?: number | undefined
          /** Lowest price. */
          readonly low?: number | undefined
          /** Last price. */
          readonly close?: number | undefined
          /** Units traded. */
          readonly volume?: number | null | undefined
          /** Volume-weighted average price. */
          readonly vwap?: number | null | undefined
          /** Number of trades. */
          readonly trades?: number | null | undefined
          /** Whose the bar was that was read; it changes nothing. */
          readonly provider?: string | undefined
          /** As it was read; the calendar decides on the new one. */
          readonly state?: string | undefined
        })[] | undefined
      }
    }
    readonly answer: {
      /** The run that loaded the bars. */
      readonly run: number
      readonly symbol: string
      readonly interval: string
      readonly provider: 'manual'
      /** Bars that were new. */
      readonly inserted: number
      /** Bars that changed. */
      readonly updated: number
      /** Bars that were the same. */
      readonly unchanged: number
    }
  }
  /** Give or replace a bar by hand. */
  readonly replaceStockPrice: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
      /** Start of the bar: a date for daily and longer bars, else an instant. */
      readonly ts: string
      readonly body: {
        /** Start of an intraday bar, with its offset. */
        readonly ts?: string | undefined
        /** Of a daily or longer bar: the session, the Monday of the week or the first of the month. */
        readonly session?: string | undefined
        /** First price. */
        readonly open?: number | undefined
        /** Highest price. */
        readonly high?: number | undefined
        /** Lowest price. */
        readonly low?: number | undefined
        /** Last price. */
        readonly close?: number | undefined
        /** Units traded. */
        readonly volume?: number | null | undefined
        /** Volume-weighted average price. */
        readonly vwap?: number | null | undefined
        /** Number of trades. */
        readonly trades?: number | null | undefined
        /** Whose the bar was that was read; it changes nothing. */
        readonly provider?: string | undefined
        /** As it was read; the calendar decides on the new one. */
        readonly state?: string | undefined
      }
    }
    readonly answer: {
      /** The run that loaded the bars. */
      readonly run: number
      readonly symbol: string
      readonly interval: string
      readonly provider: 'manual'
      /** Bars that were new. */
      readonly inserted: number
      /** Bars that changed. */
      readonly updated: number
      /** Bars that were the same. */
      readonly unchanged: number
    }
  }
  /** Take back a bar given by hand. What vendors have of it shows again. The value stays among the revisions. */
  readonly deleteStockPrice: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
      /** Start of the bar: a date for daily and longer bars, else an instant. */
      readonly ts: string
    }
    readonly answer: void
  }
  /** The latest bar of a stock. Of several vendors the one whose bar is newest; of equal ones by priority. Where the interval is not stored it is made of shorter bars. */
  readonly getStockPricesLatest: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Whose bars: the id of a provider, or `auto` for the best that any has of each start, by priority. Without it: `auto`. */
      readonly provider?: string | undefined
      /** As traded, in today's shares, or with dividends taken out of older prices, too. Without it: `none`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known at an instant, or at the end of a date of the exchange. Without it: `now`. */
      readonly as_of?: string | undefined
      /** `none` is the latest bar whose period was over when it was seen. Without it: `live`. */
      readonly include?: 'none' | 'live' | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: LatestBar
  }
  /** The newest price of a stock. The quote that was taken last, or the latest daily bar where that is newer. */
  readonly getStockQuote: {
    readonly params: {
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: Quote
  }
  /** Splits and dividends of a stock. By ex date, from every provider that told of them. All in one answer. */
  readonly getStockActions: {
    readonly params: {
      /** Only of this kind. */
      readonly kind?: 'split' | 'dividend' | 'special-dividend' | 'capital-gain' | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
      /** First ex date, YYYY-MM-DD. */
      readonly from?: string | undefined
      /** Ex date to stop before, YYYY-MM-DD. */
      readonly until?: string | undefined
      /** As known at an instant, or at the end of a date of the exchange. Without it: `now`. */
      readonly as_of?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly data: readonly (Action)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** Changed bars of a stock. Final bars whose values a later answer changed, newest change first. */
  readonly getStockRevisions: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. */
      readonly interval?: string | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly data: readonly (Revision)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: Revision
  }
  /** What is known of each session of a stock. Ranges of days in one state, series by series, by the ledger; the command `gaps` holds that against the pages. Without a period: from the first covered day on. */
  readonly getStockCoverage: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. */
      readonly interval?: string | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
      /** First day, YYYY-MM-DD. */
      readonly from?: string | undefined
      /** Day to stop before, YYYY-MM-DD. */
      readonly until?: string | undefined
      /** Tell closed days apart. */
      readonly closed?: boolean | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly symbol: string
      readonly data: readonly ({
        readonly interval: string
        readonly provider: string
        readonly basis: 'raw' | 'split'
        /** First day. */
        readonly from: string
        /** Day after the last one. */
        readonly until: string
        readonly state: 'available' | 'provisional' | 'partial' | 'missing' | 'no-trades' | 'not-offered' | 'closed'
        /** Sessions in it; weeks or months for longer bars. */
        readonly sessions: number
        /** Regular bars by the calendar. */
        readonly expected: number
        /** Regular bars that are stored. */
        readonly stored: number
      })[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** How many sessions of every series are in which state. All series in one answer, by the ledger, and the alerts that are open. */
  readonly getCoverage: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. */
      readonly interval?: string | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
    }
    readonly answer: {
      readonly alerts: readonly ({
        /** Market code of the exchange. */
        readonly exchange: string
        /** The session that nothing came of. */
        readonly session: string
        /** How many symbols came back empty. */
        readonly symbols: number
        /** The run that found it. */
        readonly run: number
        /** What was found. */
        readonly message: string
        /** What to do. */
        readonly hint: string
      })[]
      readonly data: readonly ({
        readonly symbol: string
        readonly interval: string
        readonly provider: string
        readonly basis: 'raw' | 'split'
        /** First day ever covered. */
        readonly from: string | null
        /** Day after the last one. */
        readonly until: string | null
        /** How many sessions are in each state. */
        readonly sessions: Readonly<Record<string, number>>
      })[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** Return, volatility and drawdown of a stock over a range. */
  readonly getAnalyticsStockSummary: {
    readonly params: {
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** Whose bars. Without it: `auto`. */
      readonly provider?: string | undefined
      /** The prices that it is computed of: as traded, in today's shares, or with dividends as if reinvested, which makes total returns. Without it: `splits`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known then. Without it: `now`. */
      readonly as_of?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly symbol: string
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      /** Whose bars; null where there are none. */
      readonly provider: string | null
      /** Null: as they are known now. */
      readonly as_of: string | null
      readonly bars: number
      /** The first close of the range. */
      readonly first: {
        readonly value: number
        readonly session: string
      } | null
      /** The last close. */
      readonly last: {
        readonly value: number
        readonly session: string
      } | null
      /** The highest price. */
      readonly high: {
        readonly value: number
        readonly session: string
      } | null
      /** The lowest price. */
      readonly low: {
        readonly value: number
        readonly session: string
      } | null
      /** The last close over the first, less 1: 0.05 is 5 %. */
      readonly total_return: number | null
      /** The same a year, where the range has one. */
      readonly annualised_return: number | null
      /** Standard deviation of log returns, times the root of 252 days, 52 weeks or 12 months. */
      readonly annualised_volatility: number | null
      /** Mean volume of a bar. */
      readonly average_volume: number | null
      readonly max_drawdown: {
        /** Greatest loss from a close to a later one, below 0. */
        readonly depth: number
        readonly peak: string | null
        readonly trough: string | null
      }
      /** The greatest return of one bar. */
      readonly best: {
        readonly value: number
        readonly session: string
      } | null
      /** The least return of one bar. */
      readonly worst: {
        readonly value: number
        readonly session: string
      } | null
      /** What could not be done. */
      readonly warnings?: readonly (string)[] | undefined
    }
  }
  /** Technical indicators of a stock. With the definitions and seeds of TA-Lib, over bars of regular trading. Values are null until enough bars are there, and do not depend on the range. Written `sma:period (20)`, `ema:period (20)`, `wma:period (20)`, `rsi:period (14)`, `macd:fast:slow:signal (12:26:9)`, `bollinger:period:width (20:2)`, `atr:period (14)`, `obv`, `vwap:period`, `stochastic:period:slowing:signal (14:3:3)`, `adx:period (14)`. */
  readonly getAnalyticsStockIndicators: {
    readonly params: {
      /** Indicators with commas between them, 20 at most. */
      readonly indicators: string
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** Whose bars. Without it: `auto`. */
      readonly provider?: string | undefined
      /** The prices that it is computed of: as traded, in today's shares, or with dividends as if reinvested, which makes total returns. Without it: `splits`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known then. Without it: `now`. */
      readonly as_of?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
      /** Symbol, in any case. */
      readonly symbol: string
    }
    readonly answer: {
      readonly symbol: string
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      /** Whose bars; null where there are none. */
      readonly provider: string | null
      /** Null: as they are known now. */
      readonly as_of: string | null
      readonly indicators: readonly ({
        readonly name: string
        readonly title: string
        readonly lines: readonly (string)[]
      })[]
      readonly data: readonly ({
        readonly ts?: string | undefined
        readonly session?: string | undefined
        readonly close: number
      })[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
      /** What could not be done. */
      readonly warnings?: readonly (string)[] | undefined
    }
    readonly row: {
      readonly ts?: string | undefined
      readonly session?: string | undefined
      readonly close: number
    }
  }
  /** Gainers, losers, volume and breadth of the newest session. From the newest daily bars and the closes before them; no page is opened. */
  readonly getAnalyticsMarketOverview: {
    readonly params: {
      /** Only of this exchange, by its ISO 10383 code or another of its names. */
      readonly exchange?: string | undefined
      /** Stocks in each list. Without it: `10`. */
      readonly limit?: number | undefined
    }
    readonly answer: {
      /** The newest one that the store has. */
      readonly session: string | null
      /** Stocks with a bar of that session. */
      readonly symbols: number
      /** Stocks whose newest bar is older; they are left out. */
      readonly stale: number
      readonly breadth: {
        readonly advancers: number
        readonly decliners: number
        readonly unchanged: number
        /** Advancers for each decliner. */
        readonly ratio: number | null
      }
      readonly volatility: {
        /** Mean of the changes. */
        readonly average_change: number | null
        /** Mean of their sizes. */
        readonly average_absolute_change: number | null
        /** Their standard deviation. */
        readonly dispersion: number | null
      }
      readonly gainers: readonly ({
        readonly symbol: string
        readonly name: string | null
        readonly provider: string
        readonly close: number
        /** In the shares of this session. */
        readonly previous_close: number
        /** 0.05 is 5 %. */
        readonly change: number
        /** Units traded. */
        readonly volume: number | null
        readonly state: 'final' | 'provisional'
      })[]
      readonly losers: readonly ({
        readonly symbol: string
        readonly name: string | null
        readonly provider: string
        readonly close: number
        /** In the shares of this session. */
        readonly previous_close: number
        /** 0.05 is 5 %. */
        readonly change: number
        /** Units traded. */
        readonly volume: number | null
        readonly state: 'final' | 'provisional'
      })[]
      readonly most_active: readonly ({
        readonly symbol: string
        readonly name: string | null
        readonly provider: string
        readonly close: number
        /** In the shares of this session. */
        readonly previous_close: number
        /** 0.05 is 5 %. */
        readonly change: number
        /** Units traded. */
        readonly volume: number | null
        readonly state: 'final' | 'provisional'
      })[]
    }
  }
  /** Correlation of the returns of several stocks. Pearson's, of log returns over the bars that both of a pair have. */
  readonly getAnalyticsCorrelation: {
    readonly params: {
      /** Symbols with commas between them, 50 at most. */
      readonly symbols: string
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. Without it: `1d`. */
      readonly interval?: string | undefined
      /** Included. */
      readonly from?: string | undefined
      /** Not included. */
      readonly until?: string | undefined
      /** Whose bars. Without it: `auto`. */
      readonly provider?: string | undefined
      /** The prices that it is computed of: as traded, in today's shares, or with dividends as if reinvested, which makes total returns. Without it: `splits`. */
      readonly adjust?: 'none' | 'splits' | 'all' | undefined
      /** Final bars as they were known then. Without it: `now`. */
      readonly as_of?: string | undefined
    }
    readonly answer: {
      readonly interval: string
      readonly adjust: 'none' | 'splits' | 'all'
      readonly symbols: readonly (string)[]
      /** In the order of `symbols`, from -1 to 1. */
      readonly matrix: readonly (readonly (number | null)[])[]
      /** Returns that each number was made of. */
      readonly observations: readonly (readonly (number)[])[]
    }
  }
  /** What happens, as it happens. Server-sent events (`text/event-stream`) without an end: changed bars, quotes, runs, actions and alerts. After a break, send `Last-Event-ID`, as browsers do by themselves: nothing is missed, and nothing comes twice. */
  readonly getStream: {
    readonly params: {
      /** Some of bar, quote, run, action, alert, with commas between them; without it all. */
      readonly types?: string | undefined
      /** Bars, quotes and actions of these symbols only, with commas between them. */
      readonly symbols?: string | undefined
      /** Bars of these intervals only, with commas between them. */
      readonly intervals?: string | undefined
      /** The `id` of the last event that came: the stream goes on right after it. For where the header cannot be set, which comes first. */
      readonly last_event_id?: string | undefined
    }
    readonly event: StreamEvent
    readonly answer: void
  }
  /** What is stored, and how fresh it is. Sums over the whole store, and its series by symbol. */
  readonly getEtlStatus: {
    readonly params: {
      /** Only of this symbol. */
      readonly symbol?: string | undefined
      /** One of 1m, 5m, 15m, 30m, 1h, 1d, 1wk, 1mo; spellings such as 5min, hour or daily are understood. */
      readonly interval?: string | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly version: string
      /** Instant of the answer. */
      readonly now: string
      /** The store holds simulated data. */
      readonly simulated: boolean
      readonly market: {
        readonly exchange: string
        /** Regular trading is on. */
        readonly open: boolean
        /** Instant of the next open. */
        readonly next_open: string
      }
      /** Stocks that are not deleted. */
      readonly symbols: number
      readonly series: number
      readonly bars: number
      readonly rejects: number
      /** Series that look renamed or delisted: asked for in vain over several sessions. */
      readonly dark: readonly ({
        readonly symbol: string
        readonly interval: string
        readonly provider: string
        /** Session of the last bar. */
        readonly last: string
        /** First session without one. */
        readonly since: string
        /** Expected sessions without a bar. */
        readonly sessions: number
        /** How often was asked in vain. */
        readonly tries: number
        /** Instant of the newest try. */
        readonly last_try_at: string
        /** Commands to run. */
        readonly hints: readonly (string)[]
      })[]
      readonly alerts: readonly ({
        /** Market code of the exchange. */
        readonly exchange: string
        /** The session that nothing came of. */
        readonly session: string
        /** How many symbols came back empty. */
        readonly symbols: number
        /** The run that found it. */
        readonly run: number
        /** What was found. */
        readonly message: string
        /** What to do. */
        readonly hint: string
      })[]
      readonly data: readonly (SeriesStatus)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: SeriesStatus
  }
  /** Runs, newest first. */
  readonly getEtlJobs: {
    readonly params: {
      /** Only runs that are or ended so. */
      readonly status?: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted' | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly (Run)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: Run
  }
  /** One run with its tasks. */
  readonly getEtlJob: {
    readonly params: {
      /** Id of the run. */
      readonly id: number
    }
    readonly answer: RunDetails
  }
  /** Runs, newest first. */
  readonly getEtlRuns: {
    readonly params: {
      /** Only runs that are or ended so. */
      readonly status?: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted' | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly (Run)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: Run
  }
  /** Start a run. Answers as soon as the run is in the store: `running` where the server has room, else `queued` until one ends. `location` names the run, which shows how far it is. */
  readonly createEtlRun: {
    readonly params: {
      readonly body: {
        /** `fetch` brings series up to date, `backfill` gets history, `repair` closes gaps. Without it: `fetch`. */
        readonly job?: 'fetch' | 'backfill' | 'repair' | undefined
        /** Without it the watch list; to repair, all that is stored. */
        readonly symbols?: readonly (string)[] | undefined
        /** Without it DEFAULT_INTERVAL; to repair, all that are stored. */
        readonly intervals?: readonly (string)[] | undefined
        /** Only this one; else the first that can serve. */
        readonly provider?: string | undefined
        /** First session. */
        readonly from?: string | undefined
        /** The session to stop before. */
        readonly until?: string | undefined
        /** In place of `from`: so many days back from today. */
        readonly days?: number | undefined
        /** Ask again for what is final, too. Without it: `false`. */
        readonly force?: boolean | undefined
        /** Ask for splits and dividends, too, where that is due, once the bars are in. Without it: `false`. */
        readonly actions?: boolean | undefined
      }
    }
    readonly answer: RunDetails
  }
  /** One run with its tasks. */
  readonly getEtlRun: {
    readonly params: {
      /** Id of the run. */
      readonly id: number
    }
    readonly answer: RunDetails
  }
  /** Cancel a run. It ends within the answer in hand, whichever process does it: what is stored stays, and the next run goes on from there. One that waits ends at once. */
  readonly cancelEtlRun: {
    readonly params: {
      /** Id of the run. */
      readonly id: number
    }
    readonly answer: RunDetails
  }
  /** What is done by itself, and when next. */
  readonly getSchedules: {
    readonly params: Readonly<Record<never, never>>
    readonly answer: {
      readonly data: readonly (Schedule)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** One schedule. */
  readonly getSchedule: {
    readonly params: {
      /** One of keep-current, actions. */
      readonly name: string
    }
    readonly answer: Schedule
  }
  /** Pause a schedule. Work that is going on ends within the batch in hand. Lasts until it is resumed. */
  readonly pauseSchedule: {
    readonly params: {
      /** One of keep-current, actions. */
      readonly name: string
      readonly body: {
        /** Why, for those who see it later. */
        readonly reason?: string | undefined
      }
    }
    readonly answer: Schedule
  }
  /** Let a paused schedule go on. What it missed is done at once. Harmless where it is not paused. */
  readonly resumeSchedule: {
    readonly params: {
      /** One of keep-current, actions. */
      readonly name: string
    }
    readonly answer: Schedule
  }
  /** Do the work of a schedule now. Asks the process that keeps series current and answers at once; `last_at` and `last_run` then tell what came of it. */
  readonly runSchedule: {
    readonly params: {
      /** One of keep-current, actions. */
      readonly name: string
    }
    readonly answer: Schedule
  }
  /** Rows that a check refused, newest first. */
  readonly getRejects: {
    readonly params: {
      /** Only of this symbol. */
      readonly symbol?: string | undefined
      /** Only of this provider. */
      readonly provider?: string | undefined
      /** Only by this check. */
      readonly rule?: string | undefined
      /** Only of this run. */
      readonly run?: number | undefined
      /** What became of them. */
      readonly status?: 'open' | 'accepted' | 'dropped' | 'resolved' | undefined
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly (Reject)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: Reject
  }
  /** One refused row, with all that was decided about it. */
  readonly getReject: {
    readonly params: {
      /** Id of the reject. */
      readonly id: number
    }
    readonly answer: RejectDetails
  }
  /** Load a refused row as it is. A final bar that changes becomes a revision. `decision.run` is the load. */
  readonly acceptReject: {
    readonly params: {
      /** Id of the reject. */
      readonly id: number
      readonly body: {
        /** Why, for those who see it later. */
        readonly reason: string
      }
    }
    readonly answer: RejectDetails
  }
  /** Say that a refused row is no loss. It stays in the list and can be accepted later. Not where its bar was loaded. */
  readonly dropReject: {
    readonly params: {
      /** Id of the reject. */
      readonly id: number
      readonly body: {
        /** Why, for those who see it later. */
        readonly reason: string
      }
    }
    readonly answer: RejectDetails
  }
  /** Read refused rows with today’s parsers and rules. Loads those that pass now. Without `ids`, all open ones that fit. */
  readonly revalidateRejects: {
    readonly params: {
      readonly body: {
        /** Just these. */
        readonly ids?: readonly (number)[] | undefined
        /** Only by this check. */
        readonly rule?: string | undefined
        /** Only of this symbol. */
        readonly symbol?: string | undefined
      }
    }
    readonly answer: {
      /** The run that loaded bars. */
      readonly run: number | null
      readonly verdicts: readonly ({
        readonly id: number
        /** Loaded, no bar at all, refused still, or not to be judged any more. */
        readonly verdict: 'loaded' | 'noise' | 'refused' | 'unknown'
        readonly bar: 'inserted' | 'updated' | 'unchanged' | null
        /** The check that refuses it now. */
        readonly rule: string | null
        readonly reason: string
      })[]
    }
  }
  /** Providers, what they can give, and what is left of their budgets. */
  readonly getProviders: {
    readonly params: Readonly<Record<never, never>>
    readonly answer: {
      readonly data: readonly (Provider)[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** Sessions of an exchange. With the closures that were recorded. From today for 31 days, or over a period of ten years at most, all in one answer. */
  readonly getCalendar: {
    readonly params: {
      /** ISO 10383 code: XNYS, XTSE, BVMF, XLON, XETR, XFRA, XPAR, XAMS, XBRU, XSWX, XMIL, XMAD, XSTO, XTKS, XHKG, XSHG, XKRX, XASX, XBOM, 24/7, 24/5; or a name such as NASDAQ. Without it: `XNYS`. */
      readonly exchange?: string | undefined
      /** First day. */
      readonly from?: string | undefined
      /** Day to stop before. */
      readonly until?: string | undefined
    }
    readonly answer: {
      readonly exchange: string
      /** Of the exchange. */
      readonly name: string
      readonly time_zone: string
      /** Last day whose holidays were announced; later ones are by rule, and some will differ. Null: by rule until the rule is changed. */
      readonly certain_until: string | null
      readonly data: readonly ({
        /** Its date. */
        readonly session: string
        /** When regular trading begins. */
        readonly open: string
        /** When it ends. */
        readonly close: string
        /** It closes earlier than usual. */
        readonly early: boolean
        /** Pauses of regular trading: start and end. */
        readonly breaks: readonly (readonly (string)[])[]
      })[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
  }
  /** Whether an exchange trades. At an instant, or at all on a date. */
  readonly getCalendarIsOpen: {
    readonly params: {
      /** ISO 10383 code: XNYS, XTSE, BVMF, XLON, XETR, XFRA, XPAR, XAMS, XBRU, XSWX, XMIL, XMAD, XSTO, XTKS, XHKG, XSHG, XKRX, XASX, XBOM, 24/7, 24/5; or a name such as NASDAQ. Without it: `XNYS`. */
      readonly exchange?: string | undefined
      /** An instant, or a date of the exchange. Without it: `now`. */
      readonly at?: string | undefined
    }
    readonly answer: {
      readonly exchange: string
      /** Of the exchange. */
      readonly name: string
      readonly time_zone: string
      /** Last day whose holidays were announced; later ones are by rule, and some will differ. Null: by rule until the rule is changed. */
      readonly certain_until: string | null
      /** The instant or date asked about. */
      readonly at: string
      readonly open: boolean
      readonly session: {
        /** Its date. */
        readonly session: string
        /** When regular trading begins. */
        readonly open: string
        /** When it ends. */
        readonly close: string
        /** It closes earlier than usual. */
        readonly early: boolean
        /** Pauses of regular trading: start and end. */
        readonly breaks: readonly (readonly (string)[])[]
      } | null
    }
  }
  /** When an exchange opens next. */
  readonly getCalendarNext: {
    readonly params: {
      /** ISO 10383 code: XNYS, XTSE, BVMF, XLON, XETR, XFRA, XPAR, XAMS, XBRU, XSWX, XMIL, XMAD, XSTO, XTKS, XHKG, XSHG, XKRX, XASX, XBOM, 24/7, 24/5; or a name such as NASDAQ. Without it: `XNYS`. */
      readonly exchange?: string | undefined
      /** An instant, or a date of the exchange. Without it: `now`. */
      readonly at?: string | undefined
    }
    readonly answer: {
      readonly exchange: string
      /** Of the exchange. */
      readonly name: string
      readonly time_zone: string
      /** Last day whose holidays were announced; later ones are by rule, and some will differ. Null: by rule until the rule is changed. */
      readonly certain_until: string | null
      /** The instant or date asked about. */
      readonly at: string
      /** Its date. */
      readonly session: string
      /** When regular trading begins. */
      readonly open: string
      /** When it ends. */
      readonly close: string
      /** It closes earlier than usual. */
      readonly early: boolean
      /** Pauses of regular trading: start and end. */
      readonly breaks: readonly (readonly (string)[])[]
      /** Seconds until then. */
      readonly opens_in_s: number
    }
  }
  /** Who changed what, newest first. Takes the role admin, on loopback as well. */
  readonly getAudit: {
    readonly params: {
      /** Rows in one answer, 1000 at most. Without it: `50`. */
      readonly limit?: number | undefined
      /** The `next` of the answer before; it goes on after its last row. */
      readonly cursor?: string | undefined
    }
    readonly answer: {
      readonly data: readonly ({
        readonly id: number
        /** Instant. */
        readonly at: string
        readonly action: string
        /** Who: a key, a token, or a user of the machine. */
        readonly actor: string
        readonly address: string | null
        readonly target: string | null
        readonly detail: string | null
      })[]
      /** Cursor of the next answer; null at the end. */
      readonly next: string | null
    }
    readonly row: {
      readonly id: number
      /** Instant. */
      readonly at: string
      readonly action: string
      /** Who: a key, a token, or a user of the machine. */
      readonly actor: string
      readonly address: string | null
      readonly target: string | null
      readonly detail: string | null
    }
  }
  /** Is the process alive. Answers without touching the database. */
  readonly getServerHealth: {
    readonly params: Readonly<Record<never, never>>
    readonly answer: {
      readonly status: 'alive'
      readonly version: string
    }
  }
  /** Is it ready: database and schema. */
  readonly getHealth: {
    readonly params: Readonly<Record<never, never>>
    readonly answer: {
      readonly status: 'ready'
      readonly version: string
      readonly database: 'up'
      /** Number of the newest migration. */
      readonly schema: number
    }
  }
}
