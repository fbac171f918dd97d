/** Stories of what befalls a series: which exchange days there are, what is fetched, lost, cut off and killed. */
import fc from 'fast-check'

/** Calendar days of a story. */
export const STORY_DAYS = 42
/** Places of sessions that are surely there in so many days. */
const SESSIONS_LEAST = 26

/** First days: each period holds a change of clocks, a half day or a holiday. */
export const PERIODS = ['2026-02-16', '2025-10-20', '2025-12-08', '2026-06-01'] as const

/** Where a process dies: at a statement, which the server still gets, or does not. */
export interface Death {
  readonly statement: number
  readonly isSent: boolean
}

export type Step =
  | {
      readonly what: 'fetch'
      /** Days from the period's first. */
      readonly from: number
      readonly length: number
      /** Calls that are served before the connection is cut, again and again; null for all. */
      readonly served: number | null
      readonly death: Death | null
    }
  | { readonly what: 'fetch-daily' }
  | { readonly what: 'lose'; readonly lost: readonly number[] }
  | { readonly what: 'wait'; readonly days: number }
  | { readonly what: 'announce' }
  | { readonly what: 'look' }

export interface Story {
  readonly vendor: 'polygon' | 'yahoo'
  readonly interval: '1d' | '15m' | '1m'
  /** True for a symbol of which a quarter of all minutes sees no trade. */
  readonly isThin: boolean
  readonly period: number
  /** Where the clock begins: days from the first one, and the hour in New York. */
  readonly begins: number
  readonly hour: number
  /** Places of sessions: closed without notice; no trade at all, though others traded. */
  readonly closures: readonly number[]
  readonly halts: readonly number[]
  /** Of which few bars come: the vendor holds the others back, or there were no more. */
  readonly withheld: readonly number[]
  readonly quiet: readonly number[]
  /** Of which no bar inside the day comes though the day has a volume. */
  readonly blank: readonly number[]
  readonly steps: readonly Step[]
  /** Where a first repair dies; null where none does. */
  readonly repairDeath: Death | null
}

const places = (most: number) => fc.uniqueArray(fc.nat(SESSIONS_LEAST - 1), { maxLength: most })

const death: fc.Arbitrary<Death> = fc.record({
  statement: fc.integer({ min: 4, max: 40 }),
  isSent: fc.boolean(),
})

const fetchStep = fc.record({
  what: fc.constant('fetch' as const),
  from: fc.nat(STORY_DAYS - 1),
  length: fc.integer({ min: 1, max: 24 }),
  served: fc.option(fc.nat(2), { freq: 2 }),
  death: fc.option(death, { freq: 1 }),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fetchStep },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('fetch-daily' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('lose' as const), lost: places(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      days: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(50)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('announce' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('look' as const) }) },
)

export const stories: fc.Arbitrary<Story> = fc.record({
  vendor: fc.constantFrom('polygon', 'yahoo'),
  interval: fc.oneof(
    { weight: 4, arbitrary: fc.constant('15m' as const) },
    { weight: 3, arbitrary: fc.constant('1d' as const) },
    { weight: 1, arbitrary: fc.constant('1m' as const) },
  ),
  isThin: fc.boolean(),
  period: fc.nat(PERIODS.length - 1),
  begins: fc.integer({ min: 8, max: STORY_DAYS }),
  hour: fc.constantFrom(11, 15, 18, 22),
  closures: places(3),
  halts: places(2),
  withheld: places(2),
  quiet: places(2),
  blank: places(1),
  steps: fc.array(step, { minLength: 1, maxLength: 9 }),
  repairDeath: fc.option(death, { freq: 2 }),
})

const USUAL = {
  isThin: false,
  closures: [],
  halts: [],
  withheld: [],
  quiet: [],
  blank: [],
} as const
const LOOK = { what: 'look' } as const
const fetchOf = (from: number, length: number, of: Partial<Death> = {}): Step => ({
  what: 'fetch',
  from,
  length,
  served: null,
  death:
    of.statement === undefined ? null : { statement: of.statement, isSent: of.isSent === true },
})

/** Stories that have something of everything, so that no run goes without. */
export const EXAMPLES: readonly Story[] = [
  {
    ...USUAL,
    vendor: 'yahoo',
    interval: '15m',
    period: 0,
    begins: 28,
    hour: 18,
    // 25 and 19 February; 27 February; 3, 5 and 9 March.
    closures: [6, 2],
    halts: [8],
    withheld: [10],
    quiet: [12],
    blank: [14],
    steps: [
      fetchOf(3, 24),
      LOOK,
      { what: 'fetch-daily' },
      LOOK,
      { what: 'announce' },
      { what: 'lose', lost: [9] },
      fetchOf(28, 1),
      LOOK,
      { what: 'wait', days: 1 },
      LOOK,
      // Behind the 60 days that the vendor has.
      { what: 'wait', days: 50 },
    ],
    repairDeath: null,
  },
  {
    ...USUAL,
    vendor: 'polygon',
    interval: '15m',
    period: 1,
    begins: 42,
    hour: 11,
    closures: [20],
    halts: [22],
    withheld: [21],
    steps: [
      fetchOf(28, 4, { statement: 25, isSent: true }),
      fetchOf(24, 14, { statement: 27 }),
      fetchOf(26, 10),
      { what: 'lose', lost: [23] },
    ],
    repairDeath: { statement: 30, isSent: true },
  },
  {
    ...USUAL,
    isThin: true,
    vendor: 'polygon',
    interval: '1m',
    period: 1,
    begins: 42,
    hour: 15,
    // Thanksgiving and the half day after it.
    steps: [fetchOf(35, 6), LOOK],
    repairDeath: null,
  },
  {
    ...USUAL,
    vendor: 'yahoo',
    interval: '1d',
    period: 1,
    begins: 42,
    hour: 18,
    // 20 October, with which the range begins, and 19 November: a hole between bars of which there is nothing.
    closures: [22, 0],
    steps: [
      { what: 'wait', days: 50 },
      fetchOf(19, 11),
      { what: 'wait', days: 2 },
      fetchOf(31, 24),
      LOOK,
    ],
    repairDeath: null,
  },
]
