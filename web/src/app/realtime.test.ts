import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SignedOut, Unavailable } from '../api/client'
import { FIRST_MS, LONGEST_MS } from './backoff'
import { CLOSED_RESET, CLOSED_REVOKED, STEADY_MS } from './realtime'
import { event, setUp } from './realtime.fake'

describe('the live link', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('begins with a snapshot, then listens after it', async () => {
    const { realtime, sockets, links, world, last, settle } = setUp()
    realtime.wake()
    await settle()
    expect(sockets.map(({ after }) => after)).toEqual([10])
    last().opens()
    last().says(event(11, 10))
    last().says(event(11, 10))
    expect(world.state).toEqual({ sequence: 11, heard: 1 })
    expect(links.at(-1)).toBe('live')
  })

  test('a cut resumes after the last event and costs no snapshot', async () => {
    const { realtime, sockets, links, snapshot, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    last().says(event(14, 10))
    last().cuts()
    expect(links.at(-1)).toBe('lost')
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    expect(sockets.map(({ after }) => after)).toEqual([10, 14])
    last().opens()
    expect(links.at(-1)).toBe('live')
    expect(snapshot).toHaveBeenCalledTimes(1)
  })

  test('a missing event costs one snapshot, on the same socket, and loses nothing', async () => {
    const { realtime, sockets, snapshot, world, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    world.server = 21
    last().says(event(21, 20))
    last().says(event(22, 21))
    await settle()
    expect(snapshot).toHaveBeenCalledTimes(2)
    expect(sockets).toHaveLength(1)
    expect(world.state).toEqual({ sequence: 22, heard: 1 })
  })

  test('a snapshot that is behind the gap is asked for again, later', async () => {
    const { realtime, snapshot, world, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    last().says(event(21, 20))
    await settle()
    expect(snapshot).toHaveBeenCalledTimes(2)
    world.server = 20
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    expect(snapshot).toHaveBeenCalledTimes(3)
    expect(world.state).toEqual({ sequence: 21, heard: 1 })
  })

  test('a message that makes no sense is treated as a missing event', async () => {
    const { realtime, snapshot, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    last().says('{"type": "x"')
    last().says({ sequence: 11, previous: 10, at: '', event: {} })
    await settle()
    expect(snapshot).toHaveBeenCalledTimes(2)
  })

  test('a server that cannot tell the events in between is asked for a snapshot, whatever its numbers', async () => {
    const { realtime, sockets, snapshot, world, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    world.server = 3
    last().cuts(CLOSED_RESET)
    expect(world.state).toEqual({ sequence: 10, heard: 0 })
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    expect(snapshot).toHaveBeenCalledTimes(2)
    expect(sockets.map(({ after }) => after)).toEqual([10, 3])
  })

  test('each failure waits longer, up to a limit; a steady socket begins again', async () => {
    const { realtime, sockets, last, settle } = setUp()
    realtime.wake()
    await settle()
    const waits: number[] = []
    for (let round = 0; round < 9; round++) {
      last().cuts()
      const before = sockets.length
      let waited = 0
      while (sockets.length === before) {
        await vi.advanceTimersByTimeAsync(FIRST_MS)
        waited += FIRST_MS
      }
      waits.push(waited)
    }
    expect(waits.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32].map((times) => times * FIRST_MS))
    expect(waits.slice(6)).toEqual([LONGEST_MS, LONGEST_MS, LONGEST_MS])
    last().opens()
    await vi.advanceTimersByTimeAsync(STEADY_MS)
    last().cuts()
    const before = sockets.length
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    expect(sockets).toHaveLength(before + 1)
  })

  test('a server that asks to wait is obeyed', async () => {
    const { realtime, snapshot, settle } = setUp()
    snapshot.mockRejectedValueOnce(new Unavailable(503, 4000))
    realtime.wake()
    await settle()
    await vi.advanceTimersByTimeAsync(3999)
    expect(snapshot).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(snapshot).toHaveBeenCalledTimes(2)
  })

  test('the network coming back ends the wait at once', async () => {
    const { realtime, sockets, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().cuts()
    realtime.wake()
    expect(sockets).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(LONGEST_MS)
    expect(sockets).toHaveLength(2)
  })

  test('nobody signed in: it says so and asks no more', async () => {
    const { realtime, links, snapshot, settle } = setUp()
    snapshot.mockRejectedValueOnce(new SignedOut())
    realtime.wake()
    await settle()
    await vi.advanceTimersByTimeAsync(10 * LONGEST_MS)
    expect(links).toEqual(['signed_out'])
    expect(snapshot).toHaveBeenCalledTimes(1)
  })

  test('a session that ended is noticed, and what was shown is forgotten', async () => {
    const { realtime, links, snapshot, world, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    snapshot.mockRejectedValueOnce(new SignedOut())
    last().cuts(CLOSED_REVOKED)
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    expect(links.at(-1)).toBe('signed_out')
    expect(world.state).toBeNull()
  })

  test('a session whose rights changed comes back by a snapshot', async () => {
    const { realtime, links, snapshot, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    last().cuts(CLOSED_REVOKED)
    await vi.advanceTimersByTimeAsync(FIRST_MS)
    last().opens()
    expect(links.at(-1)).toBe('live')
    expect(snapshot).toHaveBeenCalledTimes(2)
  })

  test('once stopped, nothing more is asked or told', async () => {
    const { realtime, sockets, links, last, settle } = setUp()
    realtime.wake()
    await settle()
    last().opens()
    const socket = last()
    realtime.stop()
    const told = links.length
    socket.says(event(11, 10))
    await vi.advanceTimersByTimeAsync(LONGEST_MS)
    expect(socket.isClosed).toBe(true)
    expect([sockets.length, links.length]).toEqual([1, told])
  })
})
