export const FIRST_MS = 250
export const LONGEST_MS = 15_000

/**
 * How long to wait before another try: twice as long each time, up to a limit, and never all desks at once:
 * a server that comes back meets them spread over half of the wait.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return Math.round(full * (0.5 + random() / 2))
}
