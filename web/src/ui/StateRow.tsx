export type Tone = 'good' | 'waiting' | 'bad' | 'quiet'

// Each tone has a shape of its own, since colour alone says nothing to some readers.
const SHAPES: Record<Tone, string> = {
  good: 'M3.5 8.5l3 3 6-7',
  waiting: 'M8 4.5v4l2.5 2',
  bad: 'M8 4v5M8 11.8v.2',
  quiet: 'M5 8h6',
}

/** A thing and its state, as a shape, a colour and words; changes are announced politely. */
export function StateRow({ name, says, tone }: { name: string; says: string; tone: Tone }) {
  return (
    <div className="state">
      <span className="state-name">{name}</span>
      <span className="chip" data-tone={tone} role="status">
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <circle cx="8" cy="8" r="7" />
          <path d={SHAPES[tone]} />
        </svg>
        {says}
      </span>
    </div>
  )
}
