import { expect, test } from 'vitest'
import { preferred } from './words'
import en from './words.en.json'
import fr from './words.fr.json'
import nl from './words.nl.json'

// Words that are the same in two languages, because they are.
const SAME = new Set(['server'])

test('the three languages say the same things, each in its own words', () => {
  expect(Object.keys(fr)).toEqual(Object.keys(en))
  expect(Object.keys(nl)).toEqual(Object.keys(en))
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    if (SAME.has(key)) continue
    expect(new Set([en[key], fr[key], nl[key]]).size, key).toBe(3)
  }
})

test('the language is the one chosen before, else the first that the browser and we speak', () => {
  expect(preferred('nl', ['fr-BE'])).toBe('nl')
  expect(preferred(null, ['de-DE', 'fr-BE', 'nl-BE'])).toBe('fr')
  expect(preferred('de', ['pt'])).toBe('en')
})
