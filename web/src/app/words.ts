import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export const LANGUAGES = { fr: 'Français', nl: 'Nederlands', en: 'English' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'intercanal.language'
const files = {
  fr: () => import('./words.fr.json'),
  nl: () => import('./words.nl.json'),
  en: () => import('./words.en.json'),
}

export function isLanguage(text: string | null | undefined): text is Language {
  return text != null && text in LANGUAGES
}

/** Choose what the reader chose before, else the first language of the browser that we speak, else English. */
export function preferred(stored: string | null, spoken: readonly string[]): Language {
  if (isLanguage(stored)) return stored
  return spoken.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'app')) return
  const words = await files[language]()
  i18next.addResourceBundle(language, 'app', words.default)
}

/** Speak this language from now on, here and at the next visit. */
export async function speak(language: Language): Promise<void> {
  await load(language)
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
  localStorage.setItem(KEY, language)
}

/** Load the words before the first paint, so that no page shows a key. */
export async function startWords(): Promise<void> {
  const language = preferred(localStorage.getItem(KEY), navigator.languages)
  await i18next.use(initReactI18next).init({
    lng: language,
    ns: ['app'],
    defaultNS: 'app',
    resources: {},
    interpolation: { escapeValue: false },
  })
  await speak(language)
}
