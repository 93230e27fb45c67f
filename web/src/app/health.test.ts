import { afterEach, expect, test, vi } from 'vitest'
import type { Health } from '../api/client'
import { LONGEST_MS } from './backoff'
import { watchHealth } from './health'

afterEach(() => {
  vi.useRealTimers()
})

test('a server that is not ready is asked again; one that is ready is left alone until there is a reason', async () => {
  vi.useFakeTimers()
  const answers: Health[] = ['away', 'starting', 'ready']
  const read = vi.fn(async () => answers.shift() ?? 'ready')
  const told: Health[] = []
  const watch = watchHealth((health) => told.push(health), read)
  await vi.advanceTimersByTimeAsync(60 * LONGEST_MS)
  expect(told).toEqual(['away', 'starting', 'ready'])
  await watch.ask()
  expect(told).toHaveLength(4)
  watch.stop()
  await watch.ask()
  expect(told).toHaveLength(4)
})
