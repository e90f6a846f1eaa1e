/** The package's version, as written into manifests. A test holds it to package.json. */
export const VERSION = '0.1.0';
