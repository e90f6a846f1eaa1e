import js from '@eslint/js';
import ts from 'typescript-eslint';

export default ts.config(
  {
    ignores: [
      'dist',
      'node_modules',
      'artifacts',
      'test/fixtures',
      'coverage',
      '.cache',
      'src/kernels/assembly',
      'src/kernels/generated',
      'src/verify/clear/generated',
    ],
  },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // With types: what a promise, a thrown value or a switch over a union can hide. The family no-unsafe-* is left to the compiler's `strict`
      // and to no-explicit-any: it finds nothing but JSON.parse and takes most of the time.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-array-delete': 'error',
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Index-heavy typed-array code: `noUncheckedIndexedAccess` makes `!` the honest spelling of a proven bound.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  { files: ['bench/**', 'examples/**', 'scripts/**', 'test/**', 'src/cli/**'], rules: { 'no-console': 'off' } },
);
