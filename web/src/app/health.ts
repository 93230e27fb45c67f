import { type Health, readHealth } from '../api/client'
import { backoff } from './backoff'

/**
 * Tell how the server is, and again while it is not ready; once it is, nothing is asked until somebody has reason to.
 * Returns `ask`, for that reason, and `stop`.
 */
export function watchHealth(told: (health: Health) => void, read: () => Promise<Health> = readHealth) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0
  let isStopped = false

  const ask = async () => {
    clearTimeout(timer)
    const health = await read()
    if (isStopped) return
    told(health)
    clearTimeout(timer)
    if (health === 'ready') attempt = 0
    else timer = setTimeout(ask, backoff(attempt++))
  }
  void ask()
  return {
    ask,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
