/** The table of indicators: their names, parameters, and what they need of the bars before. */
import type { BarBatch } from '../bar-batch.ts'
import { StockyardError } from '../error.ts'
import { directional } from './directional.ts'
import { macd, rsi, stochastic } from './momentum.ts'
import { ema, sma, wma } from './moving-averages.ts'
import { atr, bollinger } from './volatility.ts'
import { anchoredVwap, obv, rollingVwap } from './volume.ts'

/** A parameter of an indicator. */
export interface IndicatorParameter {
  readonly name: string
  /** Taken where nothing is said; null where the parameter can be left out altogether. */
  readonly default: number | null
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

interface Entry {
  readonly title: string
  readonly parameters: readonly IndicatorParameter[]
  /** Names of its lines; the first stands without a name of its own where it is the only one. */
  readonly lines: readonly string[]
  /**
   * Bars before the first one shown that decide its value. An average that never forgets is taken to have
   * forgotten after 40 times its period, when what is left is below the precision of a double.
   */
  readonly reach: (parameters: readonly (number | null)[]) => number
  readonly compute: (
    bars: BarBatch,
    parameters: readonly (number | null)[],
    sessionOf: (ts: number) => number,
  ) => readonly Float64Array[]
}

const PERIOD_MAX = 1000
/** After so many times its period the weight of what came before is below 2^-53 of the whole. */
const FORGOTTEN = 40

const period = (value: number, name = 'period', min = 2): IndicatorParameter => ({
  name,
  default: value,
  min,
  max: PERIOD_MAX,
  whole: true,
})

const exact = ([n]: readonly (number | null)[]) => n!
const fading = (parameters: readonly (number | null)[]) =>
  FORGOTTEN * parameters.reduce<number>((sum, n) => Math.max(sum, n!), 0)

export const INDICATORS = {
  sma: {
    title: 'simple moving average',
    parameters: [period(20)],
    lines: ['sma'],
    reach: exact,
    compute: ({ close }, [n]) => [sma(close, n!)],
  },
  ema: {
    title: 'exponential moving average',
    parameters: [period(20)],
    lines: ['ema'],
    reach: fading,
    compute: ({ close }, [n]) => [ema(close, n!)],
  },
  wma: {
    title: 'weighted moving average',
    parameters: [period(20)],
    lines: ['wma'],
    reach: exact,
    compute: ({ close }, [n]) => [wma(close, n!)],
  },
  rsi: {
    title: 'relative strength index',
    parameters: [period(14)],
    lines: ['rsi'],
    reach: fading,
    compute: ({ close }, [n]) => [rsi(close, n!)],
  },
  macd: {
    title: 'moving average convergence/divergence',
    parameters: [period(12, 'fast'), period(26, 'slow'), period(9, 'signal')],
    lines: ['macd', 'signal', 'histogram'],
    reach: fading,
    compute: ({ close }, [fast, slow, signal]) => {
      const lines = macd(close, fast!, slow!, signal!)
      return [lines.macd, lines.signal, lines.histogram]
    },
  },
  bollinger: {
    title: 'Bollinger bands',
    parameters: [period(20), { name: 'width', default: 2, min: 0.1, max: 10, whole: false }],
    lines: ['upper', 'middle', 'lower'],
    reach: exact,
    compute: ({ close }, [n, width]) => {
      const bands = bollinger(close, n!, width!)
      return [bands.upper, bands.middle, bands.lower]
    },
  },
  atr: {
    title: 'average true range',
    parameters: [period(14)],
    lines: ['atr'],
    reach: fading,
    compute: (bars, [n]) => [atr(bars, n!)],
  },
  obv: {
    title: 'on-balance volume, from the first bar shown',
    parameters: [],
    lines: ['obv'],
    reach: () => 0,
    compute: (bars) => [obv(bars)],
  },
  vwap: {
    title: 'volume-weighted average price: of the session so far, or of the last bars',
    parameters: [{ ...period(2), default: null }],
    lines: ['vwap'],
    // A session of one-minute bars with its extended hours has 960.
    reach: ([n]) => n ?? 1000,
    compute: (bars, [n], sessionOf) => [
      n === null || n === undefined
        ? anchoredVwap(bars, (i) => sessionOf(bars.ts[i]!))
        : rollingVwap(bars, n),
    ],
  },
  stochastic: {
    title: 'stochastic oscillator',
    parameters: [period(14), period(3, 'slowing', 1), period(3, 'signal', 1)],
    lines: ['k', 'd'],
    reach: (parameters) => parameters.reduce<number>((sum, n) => sum + n!, 0),
    compute: (bars, [n, slowing, signal]) => {
      const lines = stochastic(bars, n!, slowing!, signal!)
      return [lines.k, lines.d]
    },
  },
  adx: {
    title: 'average directional index with +DI and −DI',
    parameters: [period(14)],
    lines: ['adx', 'plus_di', 'minus_di'],
    reach: fading,
    compute: (bars, [n]) => {
      const lines = directional(bars, n!)
      return [lines.adx, lines.plusDi, lines.minusDi]
    },
  },
} as const satisfies Readonly<Record<string, Entry>>

export type IndicatorName = keyof typeof INDICATORS

/** An indicator with its parameters, as somebody asked for it. */
export interface Indicator {
  readonly name: IndicatorName
  /** In the order of the table; null where one was left out that can be. */
  readonly parameters: readonly (number | null)[]
  /** Names of its lines in an answer, e.g. `sma_20`, `macd_12_26_9_signal`. */
  readonly lines: readonly string[]
}

/**
 * The indicator that a text like `sma:50` or `macd:12:26:9` names; parameters left out have their defaults.
 * @throws StockyardError `INDICATOR_UNKNOWN`, `INDICATOR_INVALID`
 */
export function parseIndicator(text: string): Indicator {
  const [typed = '', ...values] = text.trim().toLowerCase().split(':')
  if (!Object.hasOwn(INDICATORS, typed)) throw unknownIndicator(typed)
  const name = typed as IndicatorName
  const entry: Entry = INDICATORS[name]
  if (values.length > entry.parameters.length)
    throw invalidIndicator(name, 'has too many parameters')
  const parameters = entry.parameters.map((parameter, i) =>
    parseParameter(name, parameter, values[i]),
  )
  const suffix = parameters.flatMap((value) => (value === null ? [] : [String(value)]))
  const base = [name, ...suffix].join('_')
  const lines =
    entry.lines.length === 1
      ? [base]
      : entry.lines.map((line) => (line === name ? base : `${base}_${line}`))
  return { name, parameters, lines }
}

function parseParameter(
  indicator: IndicatorName,
  { name, min, max, whole, default: byDefault }: IndicatorParameter,
  text: string | undefined,
): number | null {
  if (text === undefined || text === '') return byDefault
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value
  const kind = whole ? 'a whole number' : 'a number'
  throw invalidIndicator(indicator, `wants ${kind} from ${min} to ${max} as its ${name}`)
}

/** How an indicator is written, for people: `macd:fast:slow:signal (12:26:9)`. */
export function describeIndicator(name: IndicatorName): string {
  const { parameters }: Entry = INDICATORS[name]
  if (parameters.length === 0) return name
  const defaults = parameters.flatMap((one) => (one.default === null ? [] : [one.default]))
  const shown = defaults.length === 0 ? '' : ` (${defaults.join(':')})`
  return `${[name, ...parameters.map((one) => one.name)].join(':')}${shown}`
}

function unknownIndicator(typed: string): StockyardError {
  const names = Object.keys(INDICATORS).join(', ')
  const sentence = `There is no indicator ${JSON.stringify(typed.slice(0, 40))}.`
  return new StockyardError('usage', 'INDICATOR_UNKNOWN', sentence, {
    hint: `Use one of ${names}.`,
  })
}

function invalidIndicator(name: IndicatorName, what: string): StockyardError {
  return new StockyardError('usage', 'INDICATOR_INVALID', `The indicator ${name} ${what}.`, {
    hint: `Write it ${describeIndicator(name)}.`,
  })
}

/** Bars before the first one shown that an indicator has to see. */
export function reachOf({ name, parameters }: Indicator): number {
  return INDICATORS[name].reach(parameters)
}

/**
 * The lines of an indicator over bars (ascending by ts), parallel to them; NaN where it is not known yet.
 * @param sessionOf the session date of a ts
 */
export function computeIndicator(
  { name, parameters }: Indicator,
  bars: BarBatch,
  sessionOf: (ts: number) => number,
): readonly Float64Array[] {
  const { compute }: Entry = INDICATORS[name]
  return compute(bars, parameters, sessionOf)
}
