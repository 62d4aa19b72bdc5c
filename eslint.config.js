import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NAMED_EXPORTS_ONLY = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  {
    selector: 'ExportAllDeclaration',
    message: 'Name what is exported, so that nothing becomes public by accident.',
  },
];

/** require() loads an ES module only if nothing in its graph awaits at the top level. */
const NO_TOP_LEVEL_AWAIT = ['AwaitExpression', 'ForOfStatement[await=true]'].map((node) => ({
  selector: `${node}:not(:function *)`,
  message: 'A top-level await would make require() of the package impossible.',
}));

export default defineConfig(
  globalIgnores([
    'dist/',
    'build/',
    'node_modules/',
    '.cache/',
    'prebuilds/',
    'test/pack/fixtures/',
  ]),
  {
    files: ['**/*.ts', '**/*.mts', '**/*.cts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // What work throws is handed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Built-in methods are taken off their prototypes on purpose, to be called on what only looks like an instance.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `x as T` is how we say it where a check would cost time on the hot path; `!` is easily overlooked.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // A field may be changed by another thread or by the work that was just called.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // env['NAME'] shows that the name is data.
      '@typescript-eslint/dot-notation': 'off',
      // isolatedDeclarations wants types that inference would give too.
      '@typescript-eslint/no-inferrable-types': 'off',
      // `T | void` says that a callback may return nothing.
      '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }],
    },
  },
  {
    // Tests hand over what the types forbid, and run work whose type says nothing.
    files: ['test/**/*.{ts,mts,cts}', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-implied-eval': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs,ts,mts,cts}'],
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.js'],
    rules: { 'no-restricted-syntax': ['error', ...NAMED_EXPORTS_ONLY] },
  },
  {
    // The command line is a program: nobody loads it with require(), and it prints.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...NAMED_EXPORTS_ONLY, ...NO_TOP_LEVEL_AWAIT],
    },
  },
);
