/**
 * Random numbers by counter: a value is a function of a key and two counters, so that any day of any
 * symbol can be made without making the days before it.
 */

/** 32 well-mixed bits of a key and two counters (the finalizer of MurmurHash3, twice). */
export function hashOf(key: number, a: number, b: number): number {
  let h = Math.imul(key ^ Math.imul(a | 0, 0x9e3779b1), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15) ^ Math.imul(b | 0, 0x27d4eb2f), 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Uniform in [0, 1). */
export function uniformOf(key: number, a: number, b: number): number {
  return hashOf(key, a, b) / 4_294_967_296
}

/**
 * Nearly normal with mean 0 and standard deviation 1, and never beyond 3.47 (Irwin-Hall of four), so
 * that no price runs away.
 */
export function normalOf(key: number, a: number, b: number): number {
  const h = hashOf(key, a, b)
  const g = Math.imul(h ^ 0x5bd1e995, 0x9e3779b1) ^ (h >>> 11)
  const sum = (h & 0xffff) + (h >>> 16) + (g & 0xffff) + (g >>> 16)
  return (sum / 65_536 - 2) * 1.7320508
}

/** The key of a text, for example of a symbol under a seed (FNV-1a). */
export function keyOf(seed: number, text: string): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return hashOf(h, text.length, seed)
}
