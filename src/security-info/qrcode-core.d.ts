/** The part of qrcode that says which squares are dark. The package's main entry also brings writers of PNG and terminal art. */
declare module 'qrcode/lib/core/qrcode.js' {
  export { create } from 'qrcode'
}
