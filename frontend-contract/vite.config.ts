/** The standalone page, built into the Django package that serves it, and the unit tests. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: 'page',
  base: './',
  plugins: [react()],
  define: { 'process.env': '{}', 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir: '../../backend/openedx_user_groups/static/openedx_user_groups/builder',
    emptyOutDir: true,
    target: 'es2020',
    cssCodeSplit: false,
    // Names without hashes: the template names them, and Django's manifest storage adds hashes of its own.
    rollupOptions: {
      input: 'page/main.tsx',
      output: {
        entryFileNames: 'builder.js',
        assetFileNames: 'builder[extname]',
        inlineDynamicImports: true,
      },
    },
  },
});
