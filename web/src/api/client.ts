import type { Snapshot } from './contract'

/** The server does not know who asks: somebody has to sign in before it is worth asking again. */
export class SignedOut extends Error {
  override name = 'SignedOut'
}

/** The server cannot answer now; `afterMs` is what it asks us to wait, if it said so. */
export class Unavailable extends Error {
  override name = 'Unavailable'
  readonly afterMs: number

  constructor(status: number, afterMs = 0) {
    super(`status ${status}`)
    this.afterMs = afterMs
  }
}

export async function readSnapshot(signal?: AbortSignal): Promise<Snapshot> {
  const answer = await fetch('/api/realtime/snapshot', { cache: 'no-store', signal: signal ?? null })
  if (answer.status === 401 || answer.status === 403) throw new SignedOut()
  if (!answer.ok) throw new Unavailable(answer.status, 1000 * Number(answer.headers.get('Retry-After') ?? 0))
  return (await answer.json()) as Snapshot
}

/** Open the socket of this subscription, after the last event already known. */
export function openEvents(after: number): WebSocket {
  const url = new URL('/api/realtime', window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  url.searchParams.set('after', String(after))
  return new WebSocket(url)
}

export type Health = 'ready' | 'starting' | 'away'

/** Ask the server once how it is; a server that does not answer at all is away. */
export async function readHealth(): Promise<Health> {
  try {
    const answer = await fetch('/healthz', { cache: 'no-store' })
    return answer.ok ? 'ready' : 'starting'
  } catch {
    return 'away'
  }
}
