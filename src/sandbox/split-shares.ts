/** A split's ratio as the whole numbers of shares in which it is announced. */

/** The smallest whole numbers whose quotient is a ratio: 1.5 is 3 new shares for 2 old ones. */
export function sharesOf(ratio: number): { newShares: number; oldShares: number } {
  for (let oldShares = 1; oldShares <= 1000; oldShares += 1) {
    const newShares = Math.round(ratio * oldShares)
    if (newShares > 0 && Math.abs(ratio * oldShares - newShares) < 1e-9 * oldShares) {
      return { newShares, oldShares }
    }
  }
  return { newShares: ratio, oldShares: 1 }
}
