import { useEffect, useState } from 'react'
import { type Health, openEvents, readSnapshot } from '../api/client'
import type { Frame, Snapshot } from '../api/contract'
import { watchHealth } from './health'
import { type Link, Realtime } from './realtime'

export interface Server {
  health: Health | 'asking'
  link: Link
}

// The shell shows the link alone; the desk, when it is here, applies each event to what it shows.
const countOnly = (snapshot: Snapshot, event: Frame): Snapshot => ({
  ...snapshot,
  sequence: event.sequence,
})

/** Follow the server: whether it is ready, and whether this page is linked to it. */
export function useServer(): Server {
  const [health, setHealth] = useState<Health | 'asking'>('asking')
  const [link, setLink] = useState<Link>('connecting')

  useEffect(() => {
    const watch = watchHealth(setHealth)
    const realtime = new Realtime<Snapshot, Frame>({
      snapshot: readSnapshot,
      open: openEvents,
      apply: countOnly,
      changed: (next) => {
        setLink(next)
        if (next === 'lost') void watch.ask()
      },
    })
    const wake = () => {
      void watch.ask()
      realtime.wake()
    }
    realtime.wake()
    window.addEventListener('online', wake)
    return () => {
      window.removeEventListener('online', wake)
      realtime.stop()
      watch.stop()
    }
  }, [])

  return { health, link }
}
