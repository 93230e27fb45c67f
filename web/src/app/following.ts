import type { Frame } from '../api/contract'

/** Events kept while a snapshot is on its way; past that, the oldest go, and another snapshot follows. */
export const KEPT = 1000

/** A state that follows the server's: `live` as long as no event is missing, else `waiting` for a snapshot. */
export interface Following<S, E extends Frame> {
  readonly phase: 'waiting' | 'live'
  readonly sequence: number
  readonly state: S | null
  readonly kept: readonly E[]
}

export type Apply<S, E> = (state: S, event: E) => S

export function nothingYet<S, E extends Frame>(): Following<S, E> {
  return { phase: 'waiting', sequence: 0, state: null, kept: [] }
}

/** Something was missed: keep showing what is known, and ask for a snapshot. */
export function lose<S, E extends Frame>(following: Following<S, E>, kept: readonly E[]): Following<S, E> {
  return { ...following, phase: 'waiting', kept: kept.slice(-KEPT) }
}

/**
 * Take the next event: apply it, drop a repeat, or notice that one before it is missing. A snapshot may know more than
 * the last event before it told, so a lower `previous` is no gap.
 */
export function takeEvent<S, E extends Frame>(
  following: Following<S, E>,
  event: E,
  apply: Apply<S, E>,
): Following<S, E> {
  if (following.phase === 'waiting' || following.state === null)
    return lose(following, [...following.kept, event])
  if (event.sequence <= following.sequence) return following
  if (event.previous > following.sequence) return lose(following, [event])
  return { ...following, sequence: event.sequence, state: apply(following.state, event) }
}

/** Take a snapshot, then the events kept since; one that is older than a gap leaves us waiting for the next. */
export function takeSnapshot<S extends { sequence: number }, E extends Frame>(
  following: Following<S, E>,
  snapshot: S,
  apply: Apply<S, E>,
): Following<S, E> {
  let next: Following<S, E> = { phase: 'live', sequence: snapshot.sequence, state: snapshot, kept: [] }
  for (const event of following.kept) next = takeEvent(next, event, apply)
  return next
}
