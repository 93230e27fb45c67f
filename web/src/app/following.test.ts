import { describe, expect, test } from 'vitest'
import type { Frame } from '../api/contract'
import { type Following, KEPT, nothingYet, takeEvent, takeSnapshot } from './following'

interface Heard {
  sequence: number
  heard: readonly string[]
}

const apply = (state: Heard, event: Frame): Heard => ({
  sequence: event.sequence,
  heard: [...state.heard, event.event.type],
})
const event = (sequence: number, previous: number, type = `e${sequence}`): Frame => ({
  sequence,
  previous,
  at: '2026-11-21T09:00:00Z',
  event: { type },
})
const at = (sequence: number) => takeSnapshot(nothingYet<Heard, Frame>(), { sequence, heard: [] }, apply)
const take = (start: Following<Heard, Frame>, ...events: Frame[]) =>
  events.reduce((following, next) => takeEvent(following, next, apply), start)

describe('following the server', () => {
  test('events in their order are applied, also when numbers belong to others in between', () => {
    const seen = take(at(10), event(12, 10), event(15, 12))
    expect(seen).toMatchObject({ phase: 'live', sequence: 15, state: { heard: ['e12', 'e15'] } })
  })

  test('an event seen before changes nothing', () => {
    const once = take(at(10), event(12, 10))
    expect(take(once, event(12, 10), event(11, 10))).toBe(once)
  })

  test('a missing event is noticed; what is known stays in sight', () => {
    const seen = take(at(10), event(12, 10), event(15, 14))
    expect(seen).toMatchObject({ phase: 'waiting', sequence: 12, state: { heard: ['e12'] } })
    expect(seen.kept).toEqual([event(15, 14)])
  })

  test('events that come while the snapshot is on its way follow it, repeats dropped', () => {
    const waiting = take(at(10), event(15, 14), event(16, 15), event(18, 16))
    const seen = takeSnapshot(waiting, { sequence: 16, heard: ['snapshot'] }, apply)
    expect(seen).toMatchObject({ phase: 'live', sequence: 18, state: { heard: ['snapshot', 'e18'] } })
  })

  test('a snapshot older than the gap leaves us waiting for another, with nothing lost', () => {
    const waiting = take(at(10), event(15, 14), event(16, 15))
    const again = takeSnapshot(waiting, { sequence: 13, heard: ['old'] }, apply)
    expect(again).toMatchObject({ phase: 'waiting', sequence: 13 })
    expect(takeSnapshot(again, { sequence: 14, heard: ['new'] }, apply)).toMatchObject({
      phase: 'live',
      state: { heard: ['new', 'e15', 'e16'] },
    })
  })

  test('a snapshot may know more than the last event told before it', () => {
    const seen = take(at(10), event(12, 7))
    expect(seen).toMatchObject({ phase: 'live', sequence: 12, state: { heard: ['e12'] } })
  })

  test('what is kept while waiting is bounded, and the loss shows as a gap', () => {
    let waiting = take(at(0), event(5, 4))
    for (let n = 6; n < 6 + KEPT; n++) waiting = take(waiting, event(n, n - 1))
    expect(waiting.kept).toHaveLength(KEPT)
    expect(takeSnapshot(waiting, { sequence: 4, heard: [] }, apply).phase).toBe('waiting')
    expect(takeSnapshot(waiting, { sequence: 5, heard: [] }, apply).phase).toBe('live')
  })

  test('snapshot and events, delivered badly, equal a fresh snapshot', () => {
    const random = chance(42)
    for (let round = 0; round < 200; round++) {
      const all = history(30, random)
      expect(deliverBadly(all, random).state).toEqual(fresh(all, all.length))
    }
  })
})

/** A seeded source of whole numbers below a bound. */
function chance(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
}

function history(length: number, random: (below: number) => number): Frame[] {
  const all: Frame[] = []
  for (let last = 0; all.length < length; ) {
    const next = last + 1 + random(3)
    all.push(event(next, last))
    last = next
  }
  return all
}

function fresh(all: Frame[], upTo: number): Heard {
  const known = all.slice(0, upTo)
  return { sequence: known.at(-1)?.sequence ?? 0, heard: known.map(({ event: { type } }) => type) }
}

/** Lose some events, repeat others, and let snapshots come late. */
function deliverBadly(all: Frame[], random: (below: number) => number) {
  let following = takeSnapshot(nothingYet<Heard, Frame>(), fresh(all, random(5)), apply)
  const mend = (upTo: number) => {
    if (following.phase === 'waiting') following = takeSnapshot(following, fresh(all, upTo), apply)
  }
  for (let n = 0; n < all.length; n++) {
    if (random(10) === 0) continue
    following = take(following, ...all.slice(Math.max(0, n - random(4)), n + 1))
    mend(random(2) ? n + 1 : n)
  }
  following = take(following, ...all.slice(-1))
  mend(all.length)
  return following
}
