import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.INTERCANAL_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2023', sourcemap: true },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: server, ws: true }, '/healthz': server },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
})
