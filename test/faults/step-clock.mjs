// Loaded before the server: its machine's clock, which jumps by STEP milliseconds with each SIGUSR2. The monotonic clock does not.
const RealDate = Date
let stepped = 0
process.on('SIGUSR2', () => {
  stepped += Number(process.env.STEP)
})
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + stepped)
    else super(...given)
  }
  static now() {
    return RealDate.now() + stepped
  }
}
