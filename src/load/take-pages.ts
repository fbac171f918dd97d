/** Pages of an answer, each of which names the next one. */

/**
 * Takes the pages one after the other.
 * @param callOf what a page is known by: the call that brings it
 * @param take brings a page, and gives the next one
 * @param circle what is said of a vendor that names a page which came already
 * @throws what `circle` gives, before such a page is paid for
 */
export async function takePages<Page>(
  first: Page,
  callOf: (page: Page) => unknown,
  take: (page: Page) => Promise<Page | undefined>,
  circle: () => Error,
): Promise<void> {
  const seen = new Set<string>()
  for (let page: Page | undefined = first; page !== undefined;) {
    const call = JSON.stringify(callOf(page))
    if (seen.has(call)) throw circle()
    seen.add(call)
    page = await take(page)
  }
}
