// Starts ReDoc on the document of this server. Nothing is asked of other hosts.
const base = location.pathname.replace(/\/redoc\/?$/, '');
Redoc.init(`${base}/openapi.json`, { disableSearch: false, hideLoading: true },
  document.getElementById('redoc'));
