export {
  installFakeClock,
  type FakeClock,
  type FakeClockOptions,
} from './api/testing/fake-clock.js';
