import { useId } from 'react'

interface Option<V extends string> {
  value: V
  label: string
}

interface Props<V extends string> {
  label: string
  options: readonly Option<V>[]
  value: V
  onChoose: (value: V) => void
}

/** One of a few, all in sight: a row of radio buttons that looks like one control. */
export function Choice<V extends string>({ label, options, value, onChoose }: Props<V>) {
  const name = useId()
  return (
    <fieldset className="choice">
      <legend className="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            className="unseen"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  )
}
