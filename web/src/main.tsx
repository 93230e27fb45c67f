import '@fontsource-variable/inter'
import './ui/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Shell } from './app/Shell'
import { readTheme, wear } from './app/theme'
import { startWords } from './app/words'

wear(readTheme())
await startWords()

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <Shell />
  </StrictMode>,
)
