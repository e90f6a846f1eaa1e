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
    ],
  },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    files: ['**/*.ts'],
    rules: {
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
