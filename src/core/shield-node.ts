import { OuterNode, nodeOf } from './async-node.js';
import { PLAIN_SETTINGS } from './options.js';
import { Scope } from './scope.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** An open shield in the tree of scopes: orders from around it end here. */
export class ShieldNode extends OuterNode {
  /** Rejects the promise of the shielded work, where it has one. */
  reject: ((error: unknown) => void) | undefined;

  constructor(holder: Scope) {
    const boundary = new Scope(holder.handle, Infinity, PLAIN_SETTINGS);
    super(boundary);
    boundary.isAsync = true;
    boundary.isShieldBoundary = true;
    boundary.running = true;
    boundary.state = 'executing';
    boundary.enclosing = holder;
    boundary.node = this;
    this.attach(nodeOf(holder));
    for (let outer = this.outer; outer !== undefined; outer = outer.outer) outer.openShields++;
  }

  expire(): void {
    // Has no deadline.
  }

  accept(): boolean {
    return false;
  }

  deliver(): void {
    // Is given no order.
  }

  override unwound(): undefined {
    this.close();
  }

  /** Nobody is left to be shielded from what is around. */
  override orphan(): void {
    this.close();
  }

  /** The shielded work has ended: what was kept from the scopes around it reaches them now. */
  close(): void {
    if (!this.scope.running) return;
    uninterrupted(() => {
      this.letThrough();
    });
  }

  private letThrough(): void {
    this.scope.running = false;
    const around = this.outer;
    this.detach();
    for (let outer = around; outer !== undefined; outer = outer.outer) {
      outer.openShields--;
      if (outer.openShields === 0 && outer.isHeld) {
        outer.isHeld = false;
        outer.getsTurn = true;
        outer.deliver();
      } else if (outer.openShields === 0) {
        outer.reconsider();
      }
    }
  }
}
