import { expect, test } from 'vitest'
import { backoff, FIRST_MS, LONGEST_MS } from './backoff'

test('waits grow, stay under the limit, and are spread over half of their length', () => {
  expect(backoff(0, () => 0)).toBe(FIRST_MS / 2)
  expect(backoff(0, () => 1)).toBe(FIRST_MS)
  expect(backoff(3, () => 1)).toBe(FIRST_MS * 8)
  expect(backoff(1000, () => 1)).toBe(LONGEST_MS)
  expect(backoff(1000, () => 0)).toBe(LONGEST_MS / 2)
})
