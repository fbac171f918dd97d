/* Shows the OpenAPI document with ReDoc. */
globalThis.Redoc.init(
  '/openapi.json',
  {
    // The search index wants a worker made from a blob, which the content security policy forbids.
    disableSearch: true,
    hideDownloadButton: false,
    nativeScrollbars: true,
    theme: {
      colors: { primary: { main: '#0f766e' } },
      typography: {
        fontFamily: 'system-ui, sans-serif',
        headings: { fontFamily: 'system-ui, sans-serif' },
      },
    },
  },
  document.querySelector('#reference'),
)
