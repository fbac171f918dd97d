/** Lists of names that stay short, and sentences that are said once however many they are about. */

/** How many names a list shows. */
export const NAMED_MAX = 5

/** The first names, and how many more there are. */
export function listSome(names: readonly string[]): string {
  const more = names.length - NAMED_MAX
  if (more <= 0) return names.join(', ')
  return `${names.slice(0, NAMED_MAX).join(', ')} and ${more} more`
}

/** A line for each text, behind those whom it is about. */
export function tellOnce(
  said: readonly { readonly who: string; readonly text: string }[],
): string[] {
  return [...Map.groupBy(said, ({ text }) => text)].map(
    ([text, alike]) => `${listSome(alike.map(({ who }) => who))}: ${text}`,
  )
}
