/** Unit tests, in jsdom. The processor is shared with others: one worker is enough. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/support/setup.ts'],
    server: { deps: { inline: [/@openedx\//] } },
    maxWorkers: 1,
    css: false,
    testTimeout: 60_000,
  },
});
