// Written by hand from the published contract, until the server's own description carries these types:
// `make api-types` then writes them to schema.ts, and this file re-exports those.

export type PresenceState = 'available' | 'paused' | 'offline'

/** Why something was decided: a code and facts, worded on the screen in the reader's language. */
export interface Reason {
  code: string
  facts: Record<string, unknown>
}

export interface Offer {
  id: string
  interaction_id: string
  expires_at: string
  reason: Reason
}

/** What a desk shows, read in one go, with the number of the last event that it holds. */
export interface Snapshot {
  sequence: number
  presence: unknown
  offers: Offer[]
  work: unknown[]
}

/** A fact, told by its type; the union of all of them comes with schema.ts. */
export interface Fact {
  type: string
}

/** One event of this subscription; `previous` is the number of the event before it, so that a gap is seen. */
export interface Frame<F extends Fact = Fact> {
  sequence: number
  previous: number
  at: string
  event: F
}
