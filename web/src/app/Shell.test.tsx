import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Shell } from './Shell'
import { startWords } from './words'

class SilentSocket {
  onopen: (() => void) | null = null
  onmessage = null
  onclose: ((closed: { code: number }) => void) | null = null
  static last: SilentSocket | null = null
  readonly url: string

  constructor(url: URL) {
    this.url = url.href
    SilentSocket.last = this
  }

  close() {}
}

function serverAnswers(paths: Record<string, () => Response>) {
  vi.stubGlobal('fetch', async (path: string) => {
    const answer = paths[path]
    if (!answer) throw new TypeError('no such server')
    return answer()
  })
}

beforeEach(async () => {
  localStorage.setItem('intercanal.language', 'en')
  vi.stubGlobal('WebSocket', SilentSocket)
  await startWords()
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

test('a ready server and nobody signed in', async () => {
  serverAnswers({
    '/healthz': () => new Response('{}'),
    '/api/realtime/snapshot': () => new Response('{}', { status: 401 }),
  })
  render(<Shell />)
  expect(await screen.findByText('Ready')).toBeTruthy()
  expect(await screen.findByText('Nobody is signed in here')).toBeTruthy()
})

test('a signed-in page is linked after its snapshot', async () => {
  serverAnswers({
    '/healthz': () => new Response('{}'),
    '/api/realtime/snapshot': () => Response.json({ sequence: 7, presence: null, offers: [], work: [] }),
  })
  render(<Shell />)
  await vi.waitFor(() => expect(SilentSocket.last?.url).toMatch(/^ws:.*\/api\/realtime\?after=7$/))
  SilentSocket.last?.onopen?.()
  expect(await screen.findByText('Connected')).toBeTruthy()
  SilentSocket.last?.onclose?.({ code: 1006 })
  expect(await screen.findByText('Cut off; reconnecting')).toBeTruthy()
})

test('a server that does not answer', async () => {
  serverAnswers({})
  render(<Shell />)
  expect(await screen.findByText('Not answering; trying again')).toBeTruthy()
})

test('language and appearance change at once and are remembered', async () => {
  serverAnswers({})
  render(<Shell />)
  fireEvent.click(screen.getByLabelText('Nederlands'))
  expect(await screen.findByText('Eén live wachtrij, één klant, één team, op elk kanaal.')).toBeTruthy()
  expect(document.documentElement.lang).toBe('nl')
  fireEvent.click(screen.getByLabelText('Donker'))
  expect(document.documentElement.dataset.theme).toBe('dark')
  expect([localStorage.getItem('intercanal.language'), localStorage.getItem('intercanal.theme')]).toEqual([
    'nl',
    'dark',
  ])
  fireEvent.click(screen.getByLabelText('Systeem'))
  expect(document.documentElement.dataset.theme).toBeUndefined()
})
