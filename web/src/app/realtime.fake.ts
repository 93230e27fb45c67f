import { vi } from 'vitest'
import type { Frame } from '../api/contract'
import { type Link, Realtime, type Socket } from './realtime'

interface Counted {
  sequence: number
  heard: number
}

class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  isClosed = false
  readonly after: number

  constructor(after: number) {
    this.after = after
  }

  close() {
    this.isClosed = true
  }

  opens() {
    this.onopen?.call(this as unknown as WebSocket, new Event('open'))
  }

  says(data: unknown) {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent('message', { data: text }))
  }

  cuts(code = 1006) {
    this.onclose?.call(this as unknown as WebSocket, new CloseEvent('close', { code }))
  }
}

export const event = (sequence: number, previous: number): Frame => ({
  sequence,
  previous,
  at: '',
  event: { type: 'x' },
})

/** A server of which the test is the master, and a client that draws the longest waits. */
export function setUp() {
  const sockets: FakeSocket[] = []
  const links: Link[] = []
  const snapshot = vi.fn<() => Promise<Counted>>()
  const world = { server: 10, state: null as Counted | null }
  snapshot.mockImplementation(async () => ({ sequence: world.server, heard: 0 }))
  const realtime = new Realtime<Counted, Frame>({
    snapshot,
    open: (after) => {
      const socket = new FakeSocket(after)
      sockets.push(socket)
      return socket
    },
    apply: (state, { sequence }) => ({ sequence, heard: state.heard + 1 }),
    changed: (link, state) => {
      links.push(link)
      world.state = state
    },
    random: () => 1,
  })
  const last = () => {
    const socket = sockets.at(-1)
    if (!socket) throw new Error('no socket was opened')
    return socket
  }
  const settle = () => vi.advanceTimersByTimeAsync(0)
  return { realtime, sockets, links, snapshot, world, last, settle }
}
