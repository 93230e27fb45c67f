import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Choice } from '../ui/Choice'
import { Page } from '../ui/Page'
import { StateRow, type Tone } from '../ui/StateRow'
import { readTheme, THEMES, type Theme, wear } from './theme'
import { type Server, useServer } from './useServer'
import { isLanguage, LANGUAGES, type Language, speak } from './words'

const HEALTH_TONES: Record<Server['health'], Tone> = {
  asking: 'waiting',
  ready: 'good',
  starting: 'waiting',
  away: 'bad',
}
const LINK_TONES: Record<Server['link'], Tone> = {
  connecting: 'waiting',
  live: 'good',
  lost: 'waiting',
  signed_out: 'quiet',
}

function LanguageChoice() {
  const { t, i18n } = useTranslation()
  const options = (Object.keys(LANGUAGES) as Language[]).map((value) => ({ value, label: LANGUAGES[value] }))
  const chosen = isLanguage(i18n.language) ? i18n.language : 'en'
  return (
    <Choice label={t('language')} options={options} value={chosen} onChoose={(value) => void speak(value)} />
  )
}

function ThemeChoice() {
  const { t } = useTranslation()
  const [theme, setTheme] = useState<Theme>(readTheme)
  const choose = (next: Theme) => {
    wear(next)
    setTheme(next)
  }
  const options = THEMES.map((value) => ({ value, label: t(`theme_${value}`) }))
  return <Choice label={t('theme')} options={options} value={theme} onChoose={choose} />
}

/** The first page: what this is, whether the server is ready, and whether this page is linked to it. */
export function Shell() {
  const { t } = useTranslation()
  const { health, link } = useServer()
  return (
    <Page
      name="Intercanal"
      tools={
        <>
          <LanguageChoice />
          <ThemeChoice />
        </>
      }
    >
      <p className="lead">{t('tagline')}</p>
      <section className="card" aria-label={t('state')}>
        <StateRow name={t('server')} says={t(`server_${health}`)} tone={HEALTH_TONES[health]} />
        <StateRow name={t('link')} says={t(`link_${link}`)} tone={LINK_TONES[link]} />
      </section>
      <p>
        <a href="/api/openapi.json">{t('api')}</a>
      </p>
    </Page>
  )
}
