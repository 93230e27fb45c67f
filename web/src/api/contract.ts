import type { components } from './schema'

type Schemas = components['schemas']

/** What a desk shows, read in one go, with the number of the last event that it holds. */
export type Snapshot = Schemas['Snapshot']

/** A refusal: a stable code and facts, worded on the screen in the reader's language. */
export type Problem = Schemas['Problem']

/** A fact, told by its type. */
export interface Fact {
  type: string
}

/**
 * One event of this subscription; `previous` is the number of the event before it, so that a gap is seen.
 * Written by hand: the server's description does not carry what its sockets say.
 */
export interface Frame<F extends Fact = Fact> {
  sequence: number
  previous: number
  at: string
  event: F
}
