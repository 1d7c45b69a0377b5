// Starts Swagger UI on the document of this server; addresses are relative, so that a proxy's prefix works.
const base = location.pathname.replace(/\/docs\/?$/, '');
window.ui = SwaggerUIBundle({
  url: `${base}/openapi.json`,
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
fetch(`${base}/openapi.json`)
  .then((answer) => answer.json())
  .then((api) => { document.title = `${api.info.title} - documentation`; });
