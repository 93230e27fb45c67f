import { SignedOut, Unavailable } from '../api/client'
import type { Frame } from '../api/contract'
import { backoff } from './backoff'
import { type Apply, type Following, lose, nothingYet, takeEvent, takeSnapshot } from './following'

export type Link = 'connecting' | 'live' | 'lost' | 'signed_out'

/** The server closes with this code when the session behind the socket has ended, or its rights have changed. */
export const CLOSED_REVOKED = 4001

/** The server closes with this code when it can no longer tell the events in between. */
export const CLOSED_RESET = 4009

/** A socket that stayed open this long is a good one: the next failure starts again with a short wait. */
export const STEADY_MS = 5000

export type Socket = Pick<WebSocket, 'close' | 'onopen' | 'onmessage' | 'onclose'>

export interface Parts<S, E> {
  snapshot: (signal: AbortSignal) => Promise<S>
  open: (after: number) => Socket
  apply: Apply<S, E>
  changed: (link: Link, state: S | null) => void
  random?: () => number
}

function parse<E extends Frame>(data: unknown): E | null {
  try {
    const frame = JSON.parse(String(data)) as Partial<Frame>
    const isNumbered = Number.isInteger(frame.sequence) && Number.isInteger(frame.previous)
    return isNumbered && typeof frame.event?.type === 'string' ? (frame as E) : null
  } catch {
    return null
  }
}

/**
 * Keeps one state in step with the server: a snapshot first, then numbered events over a socket.
 * A cut resumes after the last event known and costs no snapshot; a missing event costs one.
 */
export class Realtime<S extends { sequence: number }, E extends Frame> {
  #parts: Parts<S, E>
  #following: Following<S, E> = nothingYet()
  #link: Link = 'connecting'
  #socket: Socket | null = null
  #loading: AbortController | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #steady: ReturnType<typeof setTimeout> | undefined
  #attempt = 0

  constructor(parts: Parts<S, E>) {
    this.#parts = parts
  }

  /** Begin, or try at once instead of at the end of the present wait (the network came back). */
  wake(): void {
    if (this.#socket || this.#loading) return
    clearTimeout(this.#timer)
    this.#advance()
  }

  stop(): void {
    this.#drop()
    clearTimeout(this.#timer)
    this.#loading?.abort()
    this.#loading = null
  }

  #advance(): void {
    if (this.#following.phase === 'waiting') void this.#load()
    else if (!this.#socket) this.#connect()
  }

  async #load(): Promise<void> {
    if (this.#loading) return
    const loading = new AbortController()
    this.#loading = loading
    const [then] = await Promise.allSettled([this.#parts.snapshot(loading.signal)])
    if (loading.signal.aborted) return
    this.#loading = null
    if (then.status === 'fulfilled') this.#loaded(then.value)
    else this.#failed(then.reason)
  }

  #loaded(snapshot: S): void {
    this.#follow(takeSnapshot(this.#following, snapshot, this.#parts.apply))
    if (this.#following.phase === 'waiting') this.#later(0)
    else this.#advance()
  }

  #failed(error: unknown): void {
    if (error instanceof SignedOut) this.#signedOut()
    else this.#later(error instanceof Unavailable ? error.afterMs : 0)
  }

  #connect(): void {
    const socket = this.#parts.open(this.#following.sequence)
    this.#socket = socket
    socket.onopen = () => {
      this.#steady = setTimeout(() => {
        this.#attempt = 0
      }, STEADY_MS)
      this.#show('live')
    }
    socket.onmessage = (message) => this.#receive(parse<E>(message.data))
    socket.onclose = (closed) => this.#closed(closed.code)
  }

  #closed(code: number): void {
    this.#drop()
    if (code === CLOSED_RESET || code === CLOSED_REVOKED) this.#follow(lose(this.#following, []))
    this.#later(0)
  }

  #receive(event: E | null): void {
    const before = this.#following
    this.#follow(event ? takeEvent(before, event, this.#parts.apply) : lose(before, before.kept))
    const isLost = before.phase === 'live' && this.#following.phase === 'waiting'
    if (isLost) void this.#load()
  }

  #later(atLeastMs: number): void {
    const wait = Math.max(atLeastMs, backoff(this.#attempt, this.#parts.random))
    this.#attempt += 1
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#advance(), wait)
    if (!this.#socket) this.#show('lost')
  }

  #signedOut(): void {
    this.stop()
    this.#following = nothingYet()
    this.#show('signed_out')
  }

  #drop(): void {
    clearTimeout(this.#steady)
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  #follow(next: Following<S, E>): void {
    const isNews = next.state !== this.#following.state
    this.#following = next
    if (isNews) this.#show(this.#link)
  }

  #show(link: Link): void {
    this.#link = link
    this.#parts.changed(link, this.#following.state)
  }
}
