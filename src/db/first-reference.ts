/** What a vendor says of an instrument of which none has said anything yet. */
import { formatDate } from '../domain/date.ts'
import type { PlainFacts } from '../domain/plain-facts.ts'
import type { SymbolMeaning } from '../domain/symbol-meaning.ts'
import type { Queryable } from './connect.ts'
import type { Reference } from './instruments.ts'
import { LATEST_CHANNEL } from './listen.ts'

export interface FirstReference extends Reference {
  readonly metadata: PlainFacts
}

/**
 * Fills in what nobody has said: what a person wrote stays, and so does all that a vendor was asked for. Kind
 * and exchange give way where they are no more than the guess by the spelling of the symbol. Writes nothing
 * once any vendor has spoken.
 */
export async function fillReference(
  db: Queryable,
  instrumentId: number,
  said: FirstReference,
  guess: SymbolMeaning,
): Promise<void> {
  await db.query(
    `WITH changed AS (
       UPDATE stockyard.instruments SET
         kind = CASE WHEN kind = $12 AND $2 <> 'other' THEN $2 ELSE kind END,
         exchange = CASE WHEN exchange = $13 THEN coalesce($4, exchange) ELSE exchange END,
         name = coalesce(name, $3), currency = coalesce(currency, $5),
         sector = coalesce(sector, $6), industry = coalesce(industry, $7),
         listed_on = coalesce(listed_on, $8::date), delisted_on = coalesce(delisted_on, $9::date),
         metadata = jsonb_build_object($10::text, $11::jsonb), updated_at = clock_timestamp()
       WHERE id = $1 AND metadata = '{}'
       RETURNING id
     )
     SELECT pg_notify('${LATEST_CHANNEL}', id::text) FROM changed`,
    [
      instrumentId,
      said.kind,
      said.name,
      said.exchange,
      said.currency,
      said.sector,
      said.industry,
      said.listedDay === null ? null : formatDate(said.listedDay),
      said.delistedDay === null ? null : formatDate(said.delistedDay),
      said.provider,
      JSON.stringify(said.metadata),
      guess.kind,
      guess.exchange,
    ],
  )
}
