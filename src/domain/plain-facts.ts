/** What a vendor says beside the numbers, cut down to what can be kept for good. */

export type PlainFacts = Readonly<Record<string, string | number | boolean>>

/** A vendor names some thirty; more are no facts of one thing. */
const FACTS_MAX = 100
const TEXT_LENGTH_MAX = 300

/** A text as a database can hold it, in one breath. */
export function storableText(text: string): string {
  return text.slice(0, TEXT_LENGTH_MAX).replaceAll('\0', '\uFFFD').toWellFormed()
}

/** The texts, numbers and yes-or-no of a record; lists, nested records and nothings are left out. */
export function plainFacts(said: Readonly<Record<string, unknown>>): PlainFacts {
  const facts: [string, string | number | boolean][] = []
  for (const [key, value] of Object.entries(said)) {
    if (facts.length === FACTS_MAX) break
    if (typeof value === 'string') facts.push([storableText(key), storableText(value)])
    else if (typeof value === 'boolean') facts.push([storableText(key), value])
    // Plus 0, since no database tells 0 from -0.
    else if (Number.isFinite(value)) facts.push([storableText(key), Number(value) + 0])
  }
  return Object.fromEntries(facts)
}
